import { Injectable } from '@nestjs/common';
import { V7Generator } from 'uuidv7';
import type { Project } from '../domain/access.js';
import { Problem } from '../domain/errors.js';
import { ProjectsRepository } from '../persistence/projects.repository.js';
import { Writes } from '../persistence/writes.js';
import type { Caller } from '../platform/caller.js';
import { Clock } from '../platform/clock.js';
import type { Page } from '../platform/contract/page.js';
import { isUuid } from '../platform/contract/values.schema.js';
import type { PageQuery } from './access.schemas.js';
import { pageById } from './id-pages.js';

const ids = new V7Generator();

/** Projects, as far as the caller may see them: the root key all, an admin its own. */
@Injectable()
export class ProjectsService {
  constructor(
    private readonly projects: ProjectsRepository,
    private readonly writes: Writes,
    private readonly clock: Clock,
  ) {}

  async create(name: string): Promise<Project> {
    const now = this.clock.now();
    const id = ids.generateOrResetWithTs(now).toString();
    const project = { id, name, createdAt: now, updatedAt: now };
    if (await this.writes.run((sql) => this.projects.insert(project, sql))) return project;
    throw new Problem('name_taken', `there is a project named "${name}" already`);
  }

  async get(caller: Caller, id: string): Promise<Project> {
    const seen = isUuid(id) && (caller.role === 'root' || caller.projectId === id.toLowerCase());
    const project = seen ? await this.projects.find(id) : null;
    if (project === null) throw new Problem('not_found', 'there is no such project');
    return project;
  }

  list(caller: Caller, query: PageQuery): Promise<Page<Project>> {
    const only = caller.role === 'root' ? null : caller.projectId;
    return pageById(query, ['projects', only], (afterId, limit) => this.projects.page(only, afterId, limit));
  }
}
