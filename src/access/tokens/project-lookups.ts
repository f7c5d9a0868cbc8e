import { Injectable } from '@nestjs/common';
import type { Project } from '../../domain/access.js';
import { ProjectsRepository } from '../../persistence/projects.repository.js';
import { isUuid } from '../../platform/contract/values.schema.js';

/** What root changes of a project holds a second later, as for keys. */
const MAX_AGE_MS = 800;
const MAX_ENTRIES = 10_000;

interface Entry {
  readonly project: Promise<Project | null>;
  /** Before the database was asked: what it answers may be as old as that. */
  readonly askedAtMs: number;
}

/** Projects by name or id, remembered for a moment. */
@Injectable()
export class ProjectLookups {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly projects: ProjectsRepository) {}

  /** Requests of one moment share one question. */
  find(name: string): Promise<Project | null> {
    const nowMs = performance.now();
    const known = this.entries.get(name);
    if (known !== undefined && nowMs - known.askedAtMs < MAX_AGE_MS) return known.project;
    const project = isUuid(name) ? this.projects.find(name) : this.projects.findNamed(name);
    this.entries.delete(name); // so that the map stays in order of age
    this.entries.set(name, { project, askedAtMs: nowMs });
    project.catch(() => this.entries.delete(name));
    const [oldest] = this.entries.keys();
    if (this.entries.size > MAX_ENTRIES && oldest !== undefined) this.entries.delete(oldest);
    return project;
  }
}
