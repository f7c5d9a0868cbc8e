import { Injectable } from '@nestjs/common';
import { V7Generator } from 'uuidv7';
import type { Project } from '../domain/access.js';
import type { AuditAction, AuditNote } from '../domain/audit.js';
import { Problem } from '../domain/errors.js';
import { NO_QUOTAS } from '../domain/quotas.js';
import type { ProjectUse } from '../domain/quotas.js';
import { ProjectsRepository } from '../persistence/projects.repository.js';
import { Writes } from '../persistence/writes.js';
import type { Caller } from '../platform/caller.js';
import { Clock } from '../platform/clock.js';
import type { Page } from '../platform/contract/page.js';
import { isUuid } from '../platform/contract/values.schema.js';
import { noteOfThing } from './access-audit.js';
import { viewOfProject } from './access.schemas.js';
import type { PageQuery, ProjectInput, ProjectPatch } from './access.schemas.js';
import { pageById } from '../platform/contract/id-pages.js';

const ids = new V7Generator();

/** Projects, as far as the caller may see them: the root key all, an admin its own. */
@Injectable()
export class ProjectsService {
  constructor(
    private readonly projects: ProjectsRepository,
    private readonly writes: Writes,
    private readonly clock: Clock,
  ) {}

  async create({ name, ...plan }: ProjectInput): Promise<Project> {
    const now = this.clock.now();
    const id = ids.generateOrResetWithTs(now).toString();
    const project = { id, name, ...planOf(plan, NO_PLAN), createdAt: now, updatedAt: now };
    const isNew = await this.writes.run(async (sql) => {
      const result = await this.projects.insert(project, sql);
      return { result, notes: result ? [noteOf('project.create', null, project)] : [] };
    });
    if (isNew) return project;
    throw new Problem('name_taken', `there is a project named "${name}" already`);
  }

  /** What a project may; the replicas go by it a second later at most, when what they remember of keys has ended. */
  async change(id: string, patch: ProjectPatch): Promise<Project> {
    const changed = isUuid(id)
      ? await this.writes.run(async (sql) => {
          const project = await this.projects.lock(id, sql);
          if (project === null) return { result: null, notes: [] };
          const changed = { ...project, ...planOf(patch, project), updatedAt: this.clock.now() };
          await this.projects.update(changed, sql);
          return { result: changed, notes: [noteOf('project.update', project, changed)] };
        })
      : null;
    return changed ?? noSuchProject();
  }

  async get(caller: Caller, id: string): Promise<Project> {
    const seen = isUuid(id) && (caller.role === 'root' || caller.projectId === id.toLowerCase());
    const project = seen ? await this.projects.find(id) : null;
    return project ?? noSuchProject();
  }

  useOf(project: Project): Promise<ProjectUse> {
    return this.projects.useOf(project.id);
  }

  list(caller: Caller, query: PageQuery): Promise<Page<Project>> {
    const only = caller.role === 'root' ? null : caller.projectId;
    return pageById(query, ['projects', only], (afterId, limit) => this.projects.page(only, afterId, limit));
  }
}

type Plan = Pick<Project, 'rateLimits' | 'quotas'>;

const NO_PLAN: Plan = { rateLimits: { perKey: null, total: null }, quotas: NO_QUOTAS };

/** What a request says nothing of stays. */
function planOf({ rateLimits, quotas }: ProjectPatch, stored: Plan): Plan {
  const { perKey = stored.rateLimits.perKey, total = stored.rateLimits.total } = rateLimits ?? {};
  const {
    jobs = stored.quotas.jobs,
    firesPerMinute = stored.quotas.firesPerMinute,
    concurrentRuns = stored.quotas.concurrentRuns,
    leastInterval = stored.quotas.leastIntervalMs,
  } = quotas ?? {};
  return {
    rateLimits: { perKey, total },
    quotas: { jobs, firesPerMinute, concurrentRuns, leastIntervalMs: leastInterval },
  };
}

function noteOf(action: AuditAction, before: Project | null, after: Project): AuditNote {
  const thing = { projectId: after.id, id: after.id, name: after.name };
  return noteOfThing(action, thing, before === null ? null : viewOfProject(before), viewOfProject(after));
}

function noSuchProject(): never {
  throw new Problem('not_found', 'there is no such project');
}
