declare module 'node-gyp-build' {
  /** Loads the addon of the package in `directory`: its own build, else its prebuild for this platform. */
  function load(directory: string): unknown;
  export = load;
}
