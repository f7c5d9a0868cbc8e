import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { CalendarDays } from '../../domain/calendar.js';
import { ProjectEntity } from './project.entity.js';

@Entity({ name: 'calendars' })
@Unique('calendars_name_key', ['projectId', 'name'])
@Index('calendars_project_idx', ['projectId', 'id'])
export class CalendarEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'calendars_pkey' })
  id!: string;

  @ForeignKey(() => ProjectEntity, { name: 'calendars_project_fkey' })
  @Column('uuid', { name: 'project_id' })
  projectId!: string;

  @Column('text')
  name!: string;

  @Column('text')
  description!: string;

  @Column('jsonb')
  days!: CalendarDays;

  @Column('integer', { default: 1 })
  version!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
