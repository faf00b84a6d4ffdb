import type { PageDocument, PageElement } from '../../page/dom.js';

/** A maker of elements. All text goes in as text, never as markup. */
export interface ElementMaker {
  readonly html: (
    name: string,
    attributes?: Record<string, string>,
    ...children: (PageElement | string)[]
  ) => PageElement;
  readonly svg: (
    name: string,
    attributes?: Record<string, string>,
    ...children: PageElement[]
  ) => PageElement;
  readonly button: (text: string, title: string) => PageElement;
}

export function elementMaker(document: PageDocument): ElementMaker {
  const element = (
    space: string,
    name: string,
    attributes: Record<string, string>,
    children: (PageElement | string)[],
  ): PageElement => {
    const made = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const html: ElementMaker['html'] = (name, attributes = {}, ...children) =>
    element('http://www.w3.org/1999/xhtml', name, attributes, children);
  return {
    html,
    svg: (name, attributes = {}, ...children) =>
      element('http://www.w3.org/2000/svg', name, attributes, children),
    button: (text, title) => html('button', { type: 'button', title }, text),
  };
}
