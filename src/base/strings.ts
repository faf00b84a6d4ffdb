/** Strings stored once and named by index. */
export class StringTable {
  readonly all: string[] = [];
  private readonly indexOf = new Map<string, number>();

  intern(text: string): number {
    let index = this.indexOf.get(text);
    if (index === undefined) {
      index = this.all.push(text) - 1;
      this.indexOf.set(text, index);
    }
    return index;
  }
}
