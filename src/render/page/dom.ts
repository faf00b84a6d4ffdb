/**
 * As much of the DOM as the scripts of our pages use. The project is compiled without the browser's types, so
 * that no global of a page (`name`, `event`, `status`) is mistaken for a variable elsewhere.
 */
export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface PageEvent {
  readonly clientX: number;
  readonly clientY: number;
  readonly key: string;
  /** Of a click: how many in a row. */
  readonly detail: number;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  /** `mouse`, `pen` or `touch`; of events of a pointer. */
  readonly pointerType?: string;
  readonly target: PageElement;
  preventDefault(): void;
}

export interface EventSource {
  addEventListener(
    type: string,
    listener: (event: PageEvent) => void,
    options?: { passive?: boolean },
  ): void;
}

export interface PageElement extends EventSource {
  textContent: string | null;
  value: string;
  checked: boolean;
  disabled: boolean;
  hidden: boolean;
  className: string;
  scrollTop: number;
  readonly dataset: Record<string, string | undefined>;
  readonly style: { left: string; top: string; setProperty(name: string, value: string): void };
  readonly offsetWidth: number;
  readonly offsetHeight: number;
  readonly clientWidth: number;
  readonly clientHeight: number;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  getAttribute(name: string): string | null;
  append(...children: (PageElement | string)[]): void;
  replaceChildren(...children: (PageElement | string)[]): void;
  remove(): void;
  closest(selector: string): PageElement | null;
  getBoundingClientRect(): Rect;
  /** Of a canvas. */
  getContext?(kind: '2d'): TextMeasurer | null;
  focus(options?: { preventScroll?: boolean }): void;
  select(): void;
}

export interface TextMeasurer {
  font: string;
  measureText(text: string): { readonly width: number };
}

export interface PageDocument extends EventSource {
  readonly activeElement: PageElement | null;
  readonly documentElement: PageElement;
  getElementById(id: string): PageElement | null;
  createElement(name: string): PageElement;
  createElementNS(namespace: string, name: string): PageElement;
}

export interface PageWindow extends EventSource {
  readonly document: PageDocument;
  readonly location: { hash: string; replace(url: string): void };
  readonly history: { back(): void; forward(): void };
  readonly navigator: { readonly clipboard?: { writeText(text: string): Promise<void> } };
  readonly localStorage: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
  };
  getComputedStyle(element: PageElement): { readonly font: string };
  matchMedia(query: string): { readonly matches: boolean };
  requestAnimationFrame(callback: () => void): number;
  readonly ResizeObserver: new (callback: () => void) => { observe(element: PageElement): void };
}
