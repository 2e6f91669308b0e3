import { imported } from '../imported.js';

/** What is used of @observablehq/plot, whose own types want those of a browser. */
export interface Plot {
  plot: (options: object) => { outerHTML: string };
  line: (data: readonly object[], options: object) => unknown;
  dot: (data: readonly object[], options: object) => unknown;
  tickX: (data: readonly object[], options: object) => unknown;
  text: (data: readonly object[], options: object) => unknown;
  ruleX: (data: readonly number[], options: object) => unknown;
}

/** Draws with a document of its own: there is no browser here. */
export interface Drawing {
  plot: Plot;
  draw: (options: object) => string;
}

export async function drawing(): Promise<Drawing> {
  const plot = await imported<Plot>('@observablehq/plot');
  const document = await htmlDocument('<!doctype html><html><body></body></html>');
  return { plot, draw: (options) => plot.plot({ document, width: 680, marginLeft: 60, ...options }).outerHTML };
}

/** What is used of a document. */
export interface HtmlDocument {
  querySelectorAll: (selector: string) => ArrayLike<{ textContent: string }>;
}

export async function htmlDocument(html: string): Promise<HtmlDocument> {
  const { parseHTML } = await imported<{ parseHTML: (html: string) => { document: HtmlDocument } }>('linkedom');
  return parseHTML(html).document;
}
