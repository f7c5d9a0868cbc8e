import { type DynamicModule, Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module.js';
import { EventFeeds } from './event-feeds.service.js';
import { EventStreams } from './event-streams.service.js';
import { EventsController } from './events.controller.js';
import { JobNews } from './job-news.js';

/** `GET /events`; the composition root says who finds out whose a stream is. */
@Module({})
export class EventsModule {
  static for(imports: NonNullable<DynamicModule['imports']>): DynamicModule {
    return {
      module: EventsModule,
      imports: [MessagingModule, ...imports],
      controllers: [EventsController],
      providers: [EventFeeds, EventStreams, JobNews],
    };
  }
}
