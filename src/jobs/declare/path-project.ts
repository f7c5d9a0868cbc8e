import { Injectable } from '@nestjs/common';
import { Problem } from '../../domain/errors.js';
import { ProjectsRepository } from '../../persistence/projects.repository.js';
import type { Caller } from '../../platform/caller.js';
import { isUuid } from '../../platform/contract/values.schema.js';
import type { Project } from '../../domain/access.js';

/** The project that a path names by its id or name; one that the caller may not act in is not there. */
@Injectable()
export class PathProject {
  constructor(private readonly projects: ProjectsRepository) {}

  async of(caller: Caller, given: string): Promise<Project> {
    const project = isUuid(given) ? await this.projects.find(given) : await this.projects.findNamed(given);
    if (project !== null && (caller.role === 'root' || caller.projectId === project.id)) return project;
    throw new Problem('not_found', 'there is no such project');
  }
}
