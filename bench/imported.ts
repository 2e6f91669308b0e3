/** A package that may not be installed, and has no part in the types; one of CommonJS has its names in `default`. */
export async function imported<T extends object>(name: string): Promise<T> {
  const module = (await import(name)) as { default?: T } & T;
  return { ...module.default, ...module };
}
