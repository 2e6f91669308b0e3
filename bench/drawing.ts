const shades = ' .:-=+*#%@';

/** A grey image (height × width, values in [0, 1]) in characters, two rows of pixels in a line. */
export function draw(image: ArrayLike<number>, height: number, width: number): string {
  const lines: string[] = [];
  for (let row = 0; row + 1 < height; row += 2) {
    let line = '';
    for (let col = 0; col < width; col++) {
      const grey = (image[row * width + col]! + image[(row + 1) * width + col]!) / 2;
      line += shades[Math.min(shades.length - 1, Math.floor(grey * shades.length))]!;
    }
    lines.push(line.trimEnd());
  }
  return lines.join('\n');
}
