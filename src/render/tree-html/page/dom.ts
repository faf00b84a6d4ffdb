/**
 * As much of the DOM as the script uses. The project is compiled without the browser's types, so that
 * no global of a page (`name`, `event`, `status`) is mistaken for a variable elsewhere.
 */
export interface PageEvent {
  readonly key: string;
  /** Of a click: how many in a row. */
  readonly detail: number;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
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
  readonly clientHeight: number;
  readonly offsetHeight: number;
  readonly dataset: Record<string, string | undefined>;
  readonly style: { setProperty(name: string, value: string): void };
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  append(...children: (PageElement | string)[]): void;
  replaceChildren(...children: (PageElement | string)[]): void;
  remove(): void;
  closest(selector: string): PageElement | null;
  focus(options?: { preventScroll?: boolean }): void;
  select(): void;
}

export interface PageDocument extends EventSource {
  readonly activeElement: PageElement | null;
  readonly documentElement: PageElement;
  readonly body: PageElement;
  getElementById(id: string): PageElement | null;
  createElement(name: string): PageElement;
}

export interface PageWindow extends EventSource {
  readonly document: PageDocument;
  requestAnimationFrame(callback: () => void): number;
  matchMedia(query: string): { readonly matches: boolean };
}
