import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentCaller } from '../platform/caller.js';
import type { Caller } from '../platform/caller.js';
import { CheckedRequests } from '../platform/contract/operations.js';
import { addressOf } from '../platform/http/current-request.js';
import { ApiProblems } from '../platform/openapi/api-problems.js';
import { EventStreams } from './event-streams.service.js';

const MAX_ID_LENGTH = 64;

const STREAM_EXAMPLE = `retry: 2000

event: run
data: {"id":"0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21","jobId":"0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11","jobName":"nightly-report","trigger":"schedule","state":"succeeded","reason":null,"scheduledFor":"2026-03-02T08:00:00.000Z","attempt":1,"startedAt":"2026-03-02T08:00:00.004Z","finishedAt":"2026-03-02T08:00:00.035Z","latenessMs":4,"durationMs":31}

id: 1772438400200

event: job
data: {"id":"0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11","name":"nightly-report","change":"paused"}

event: resync
data: {"reason":"missed"}

`;

@ApiTags('operations')
@CheckedRequests()
@Controller('events')
export class EventsController {
  constructor(private readonly streams: EventStreams) {}

  @Get()
  @ApiOperation({
    operationId: 'streamEvents',
    summary: 'Listen to what happens',
    description:
      'Server-sent events of the project, on whatever replica they happen: `run`, where a run stands now (short steps are ' +
      'skipped, and one may come twice), `job`, what was done to a job, and `resync`: something was or may have been missed, so ' +
      'load anew. An `id` counts in frames without data too; sent back as `Last-Event-ID` within a minute it brings what was ' +
      'missed, on any replica, or a `resync`. The stream ends when its key does, when the replica stops and when it is read too ' +
      'slowly. It hints and is no record: load what is shown anew every minute as well.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The last `id` of the stream before',
    schema: { type: 'string', maxLength: MAX_ID_LENGTH },
    example: '1772438400200',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({
    description: 'The stream; it goes on until one side ends it',
    content: { 'text/event-stream': { schema: { type: 'string' }, example: STREAM_EXAMPLE } },
  })
  @ApiProblems('invalid_parameter', 'rate_limited', 'too_many_streams', 'unavailable')
  async stream(
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { authorization, 'carillon-project': project, 'last-event-id': lastEventId } = request.headers;
    const owner = {
      projectId: caller.projectId,
      sender: caller.keyId ?? caller.subject ?? addressOf(request),
      credentials: { authorization, project: one(project) },
      byToken: caller.subject !== null,
    };
    this.streams.refuseTooMany(owner);
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      // Proxies that gather answers before they hand them on would gather this one for ever (nginx heeds it).
      'x-accel-buffering': 'no',
      // It ends with its stream: one that is kept would keep a stop waiting.
      connection: 'close',
    });
    if (request.method === 'HEAD') raw.end();
    else {
      raw.flushHeaders();
      await this.streams.open(owner, raw, one(lastEventId)?.slice(0, MAX_ID_LENGTH) ?? null);
    }
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join() : header;
}
