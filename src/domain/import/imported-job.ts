import type { ImportReport, Place } from './report.js';

type Settings = Readonly<Record<string, unknown>>;

/** A job of another system in the words of this one, as a client would send it; not checked yet. */
export interface ImportedJob {
  readonly place: Place;
  readonly name: string;
  /** Settings beside name and target; members that are undefined are none. */
  readonly settings: Settings & { readonly paused?: true };
  /** `url` is null where the other system does not call a URL: the importer's user names one. */
  readonly target: Settings & { readonly url: string | null };
}

export interface Imported {
  readonly jobs: readonly ImportedJob[];
  readonly report: ImportReport;
}

/** What a job goes by in the other system, where names are unique within a group (a namespace, a location) only. */
export interface GroupedName {
  readonly group: string;
  readonly name: string;
}

/** The plain name where all jobs are of one group; with the group before it otherwise, so that no two become one. */
export function nameWithin(groups: ReadonlySet<string>, { group, name }: GroupedName): string {
  return groups.size > 1 ? `${group}/${name}` : name;
}

/** The same name for the same text, with a number from the second of a kind on. */
export class UniqueNames {
  private readonly taken = new Set<string>();
  private readonly numbers = new Map<string, number>();

  take(name: string): string {
    let unique = name;
    for (let number = this.numbers.get(name) ?? 2; this.taken.has(unique); number += 1) {
      unique = `${name}-${number}`;
      this.numbers.set(name, number + 1);
    }
    this.taken.add(unique);
    return unique;
  }
}
