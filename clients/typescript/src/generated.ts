// Made by `npm run client` from docs/openapi.json; do not edit.

export interface components {
    schemas: {
        /** @description Fires when any of its rules does; an instant that two of them share is one occurrence. */
        AnyOfSchedule: {
            anyOf: ({
                /** @description What a fixed time does at a clock change; default after and first */
                dst?: {
                    /** @enum {string} */
                    gap?: "after" | "skip";
                    /** @enum {string} */
                    overlap?: "first" | "second" | "both";
                };
                /** @description Last instant, inclusive: an instant, or a local date-time */
                endAt?: string;
                expression: string;
                /** @description First instant, inclusive: an instant, or a local date-time */
                startAt?: string;
                /**
                 * @description IANA time zone; default: the union's
                 * @example Europe/Paris
                 */
                timeZone?: string;
                /** @enum {string} */
                type: "cron";
            } | {
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                anchorAt: string;
                /** @description What a fixed time does at a clock change; default after and first */
                dst?: {
                    /** @enum {string} */
                    gap?: "after" | "skip";
                    /** @enum {string} */
                    overlap?: "first" | "second" | "both";
                };
                /** @description Last instant, inclusive: an instant, or a local date-time */
                endAt?: string;
                /** @example PT15M */
                every: string;
                /** @description First instant, inclusive: an instant, or a local date-time */
                startAt?: string;
                /**
                 * @description IANA time zone; default: the union's
                 * @example Europe/Paris
                 */
                timeZone?: string;
                /** @enum {string} */
                type: "interval";
            } | {
                at: string;
                /** @description What a fixed time does at a clock change; default after and first */
                dst?: {
                    /** @enum {string} */
                    gap?: "after" | "skip";
                    /** @enum {string} */
                    overlap?: "first" | "second" | "both";
                };
                /** @description Last instant, inclusive: an instant, or a local date-time */
                endAt?: string;
                /** @description First instant, inclusive: an instant, or a local date-time */
                startAt?: string;
                /**
                 * @description IANA time zone; default: the union's
                 * @example Europe/Paris
                 */
                timeZone?: string;
                /** @enum {string} */
                type: "once";
            } | {
                /** @description What a fixed time does at a clock change; default after and first */
                dst?: {
                    /** @enum {string} */
                    gap?: "after" | "skip";
                    /** @enum {string} */
                    overlap?: "first" | "second" | "both";
                };
                /** @description Last instant, inclusive: an instant, or a local date-time */
                endAt?: string;
                rule: string;
                startAt: string;
                /**
                 * @description IANA time zone; default: the union's
                 * @example Europe/Paris
                 */
                timeZone?: string;
                /** @enum {string} */
                type: "rrule";
            })[];
            /** @description What a fixed time does at a clock change; default after and first */
            dst?: {
                /** @enum {string} */
                gap?: "after" | "skip";
                /** @enum {string} */
                overlap?: "first" | "second" | "both";
            };
            /** @description Last instant, inclusive: an instant, or a local date-time */
            endAt?: string;
            /** @description Names of calendars of the project; what they leave out is no occurrence */
            exclude?: string[];
            /**
             * @description Spread of the due instant, deterministic by job and occurrence
             * @example PT30S
             */
            jitter?: string;
            /** @description Completed after so many runs by the schedule */
            maxRuns?: number;
            /**
             * @description What becomes of an occurrence that a calendar leaves out: skipped (default), or moved to the nearest day, later or earlier, on which the same wall time is free
             * @enum {string}
             */
            onExcluded?: "skip" | "nextBusinessDay" | "previousBusinessDay";
            /** @description First instant, inclusive: an instant, or a local date-time */
            startAt?: string;
            /**
             * @description IANA time zone
             * @example Europe/Paris
             */
            timeZone: string;
            /** @enum {string} */
            type: "anyOf";
        };
        /**
         * @example {
         *       "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *       "name": "deploy pipeline",
         *       "role": "editor",
         *       "prefix": "car_4fK9x2Lm",
         *       "expiresAt": null,
         *       "lastUsedAt": "2026-03-02T08:00:00.004Z",
         *       "replacedBy": null,
         *       "createdAt": "2026-01-02T10:20:30.123Z"
         *     }
         */
        ApiKey: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            createdAt: string;
            expiresAt: string | null;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /** @description To the minute */
            lastUsedAt: string | null;
            name: string;
            /** @description The first characters of the key, to know it by */
            prefix: string;
            /** @description The key that a rotation made in its place */
            replacedBy: string | null;
            /** @enum {string} */
            role: "viewer" | "editor" | "admin";
        };
        /**
         * @example {
         *       "name": "deploy pipeline",
         *       "role": "editor"
         *     }
         */
        ApiKeyInput: {
            /** @description When it ends; default never */
            expiresAt?: string | null;
            /**
             * @description For people; need not be unique
             * @example deploy pipeline
             */
            name: string;
            /**
             * @description `viewer` reads, `editor` writes jobs, `admin` manages keys too
             * @enum {string}
             */
            role: "viewer" | "editor" | "admin";
        };
        ApiKeyPage: {
            data: components["schemas"]["ApiKey"][];
            page: components["schemas"]["PageInfo"];
        };
        /** @description One delivery of a run to its target. */
        Attempt: {
            durationMs: number | null;
            error: components["schemas"]["RunError"] | null;
            number: number;
            /** @enum {string} */
            outcome: "succeeded" | "failed" | "timedOut" | "cancelled" | "lost";
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            startedAt: string;
            /** @description HTTP status of the answer */
            status: number | null;
            /** @description Null: nobody measured */
            timings: components["schemas"]["AttemptTimings"] | null;
        };
        /** @description Milliseconds from `startedAt`: what came before it is 0 or less. Null: not known, or it did not happen, as with a connection that was kept. */
        AttemptTimings: {
            /** @description A worker took it */
            claimedMs: number | null;
            /** @description The connection was made, TLS included */
            connectedMs: number | null;
            /** @description The call was over */
            doneMs: number | null;
            /** @description The answer began */
            firstByteMs: number | null;
            /** @description The run could be claimed */
            queuedMs: number | null;
            /** @description The addresses of the target were known */
            resolvedMs: number | null;
        };
        /**
         * @example {
         *       "onTime": true,
         *       "sentence": "Everything is on time: 120 runs in the last hour, none of them failed.",
         *       "items": [
         *         {
         *           "kind": "jobFailing",
         *           "severity": "warning",
         *           "jobId": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *           "host": null,
         *           "detail": "nightly-report has failed 3 times in a row",
         *           "since": "2026-03-02T07:00:00.000Z"
         *         }
         *       ]
         *     }
         */
        Attention: {
            /** @description The most severe first, 50 at most */
            items: {
                detail: string;
                host: string | null;
                jobId: string | null;
                /** @enum {string} */
                kind: "jobFailing" | "jobOverdue" | "jobParked" | "pauseEnds" | "targetFailing" | "crowdedMinute" | "degraded" | "auditFinding";
                /** @enum {string} */
                severity: "critical" | "warning" | "info";
                since: string | null;
            }[];
            onTime: boolean;
            /** @description Whether everything is on time, for people */
            sentence: string;
        };
        /**
         * @example {
         *       "id": "0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21",
         *       "at": "2026-03-02T08:00:00.004Z",
         *       "action": "job.update",
         *       "actor": {
         *         "type": "apiKey",
         *         "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *         "name": "deploy pipeline",
         *         "role": "editor"
         *       },
         *       "address": "203.0.113.7",
         *       "requestId": "a1b2c3d4e5f6-1k",
         *       "thing": {
         *         "type": "job",
         *         "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a12",
         *         "name": "nightly-report"
         *       },
         *       "before": {
         *         "overlap": "allow",
         *         "version": 3
         *       },
         *       "after": {
         *         "overlap": "skip",
         *         "version": 4
         *       }
         *     }
         */
        AuditEntry: {
            /** @enum {string} */
            action: "job.create" | "job.update" | "job.revert" | "job.pause" | "job.resume" | "job.skipNext" | "job.editOccurrence" | "job.restoreOccurrence" | "job.delete" | "job.moveWithTimeZones" | "job.trigger" | "job.backfill" | "target.test" | "run.cancel" | "run.replay" | "calendar.create" | "calendar.update" | "calendar.delete" | "project.create" | "project.update" | "apiKey.create" | "apiKey.rotate" | "apiKey.revoke" | "signingSecret.create" | "signingSecret.rotate" | "signingSecret.revoke";
            actor: {
                /** @description Of the key, or who the token was made for (`sub`) */
                id: string | null;
                /** @description Of the key, when it acted */
                name: string | null;
                role: string | null;
                /**
                 * @description `anyone`: the service is open and asks for no key; `service`: no request made it do so
                 * @enum {string}
                 */
                type: "apiKey" | "rootKey" | "token" | "anyone" | "service";
            };
            /** @description Where the request came from */
            address: string | null;
            /** @description The thing afterwards, in the same way. Secrets are masked; `secretsSet` and `secretsDropped` name those that changed */
            after: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            at: string;
            /** @description The thing before; where it only changed, the members that differ; null: there was nothing */
            before: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /** @description The `x-request-id` of the request; a bulk request has one */
            requestId: string | null;
            thing: {
                /**
                 * Format: uuid
                 * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
                 */
                id: string;
                /** @description A run has its job's */
                name: string | null;
                /** @enum {string} */
                type: "job" | "run" | "target" | "project" | "apiKey" | "signingSecret" | "calendar";
            };
        };
        /**
         * @example {
         *       "from": "2026-03-01T00:00:00Z",
         *       "to": "2026-03-02T00:00:00Z"
         *     }
         */
        AuditInput: {
            /**
             * Format: date-time
             * @description Inclusive; default a day before `to`
             * @example 2026-03-01T00:00:00Z
             */
            from?: string;
            /**
             * Format: date-time
             * @description Inclusive; default now
             * @example 2026-03-02T00:00:00Z
             */
            to?: string;
        };
        AuditPage: {
            data: components["schemas"]["AuditEntry"][];
            page: components["schemas"]["PageInfo"];
        };
        Backfill: {
            occurrences: {
                /** @example 2026-03-01T09:00:00+01:00 */
                local: string;
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                scheduledFor: string;
            }[];
            planned: number;
            /** @description There may be more in the range: go on from the last one */
            truncated: boolean;
        };
        /**
         * @example {
         *       "from": "2026-03-01T00:00:00Z",
         *       "to": "2026-03-02T00:00:00Z",
         *       "dryRun": true
         *     }
         */
        BackfillInput: {
            /**
             * @description Only tell what would be planned
             * @default false
             */
            dryRun?: boolean;
            /**
             * Format: date-time
             * @description First instant, inclusive; within the retention of runs
             * @example 2026-03-01T00:00:00Z
             */
            from: string;
            /**
             * @description At most so many, the earliest
             * @default 100
             */
            limit?: number;
            /**
             * Format: date-time
             * @description Last instant, inclusive; not in the future
             * @example 2026-03-02T00:00:00Z
             */
            to: string;
        };
        /**
         * @example {
         *       "action": "pause",
         *       "dryRun": false,
         *       "succeeded": 1,
         *       "failed": 1,
         *       "results": [
         *         {
         *           "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *           "name": "nightly-report",
         *           "status": 200,
         *           "runId": null,
         *           "problem": null
         *         },
         *         {
         *           "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a12",
         *           "name": null,
         *           "status": 404,
         *           "runId": null,
         *           "problem": {
         *             "type": "urn:carillon:problem:not_found",
         *             "title": "Not found",
         *             "status": 404,
         *             "detail": "there is no such job",
         *             "code": "not_found",
         *             "errors": [
         *               {
         *                 "pointer": "/ids/1",
         *                 "code": "not_found",
         *                 "detail": "there is no such job"
         *               }
         *             ]
         *           }
         *         }
         *       ]
         *     }
         */
        Bulk: {
            /** @enum {string} */
            action: "create" | "update" | "pause" | "resume" | "delete" | "trigger";
            dryRun: boolean;
            failed: number;
            /** @description In the order of `jobs` or `ids`; of a filter, the oldest job first */
            results: components["schemas"]["BulkResult"][];
            succeeded: number;
        };
        /**
         * @example {
         *       "action": "create",
         *       "jobs": [
         *         {
         *           "name": "nightly-report",
         *           "schedule": {
         *             "type": "cron",
         *             "expression": "0 9 * * MON-FRI",
         *             "timeZone": "Europe/Paris"
         *           },
         *           "target": {
         *             "url": "https://example.com/hooks/report"
         *           }
         *         }
         *       ]
         *     }
         */
        BulkCreate: {
            /** @enum {string} */
            action: "create";
            /**
             * @description Only tell what would become of each; nothing is written
             * @default false
             */
            dryRun?: boolean;
            jobs: components["schemas"]["JobInput"][];
        };
        /**
         * @example {
         *       "action": "delete",
         *       "ids": [
         *         "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11"
         *       ],
         *       "dryRun": true
         *     }
         */
        BulkDelete: {
            /** @enum {string} */
            action: "delete";
            /**
             * @description Only tell what would become of each; nothing is written
             * @default false
             */
            dryRun?: boolean;
            filter?: components["schemas"]["BulkFilter"];
            /** @description Ids of jobs; or `filter` */
            ids?: string[];
        } & ({
            ids: unknown;
        } | {
            filter: unknown;
        });
        /**
         * @description As the list of jobs has them, joined by "and"; one at least. No more than 1000 jobs may match.
         * @example {
         *       "state": "active",
         *       "label": [
         *         "team:billing"
         *       ]
         *     }
         */
        BulkFilter: {
            /**
             * @description `name:value`; repeat it for several, all of which must match
             * @example [
             *       "team:billing"
             *     ]
             */
            label?: string[];
            /**
             * @description Text in name, description or URL; case makes no difference. Under three letters in a row, a page may hold fewer rows than there are: go on to the next.
             * @example report
             */
            q?: string;
            /**
             * @description Only jobs in this state
             * @enum {string}
             */
            state?: "active" | "paused" | "completed";
        };
        /**
         * @description One action on up to 1000 jobs.
         * @example {
         *       "action": "pause",
         *       "filter": {
         *         "label": [
         *           "team:billing"
         *         ]
         *       },
         *       "note": "maintenance",
         *       "dryRun": true
         *     }
         */
        BulkInput: components["schemas"]["BulkCreate"] | components["schemas"]["BulkUpdate"] | components["schemas"]["BulkPause"] | components["schemas"]["BulkResume"] | components["schemas"]["BulkDelete"] | components["schemas"]["BulkTrigger"];
        /**
         * @example {
         *       "action": "pause",
         *       "filter": {
         *         "label": [
         *           "team:billing"
         *         ]
         *       },
         *       "note": "maintenance"
         *     }
         */
        BulkPause: {
            /** @enum {string} */
            action: "pause";
            /**
             * @description Only tell what would become of each; nothing is written
             * @default false
             */
            dryRun?: boolean;
            filter?: components["schemas"]["BulkFilter"];
            /** @description Ids of jobs; or `filter` */
            ids?: string[];
            /**
             * @description Why, for people
             * @example maintenance
             */
            note?: string | null;
            /** @description Resumed by itself at this instant */
            until?: string | null;
        } & ({
            ids: unknown;
        } | {
            filter: unknown;
        });
        BulkResult: {
            /**
             * @description Of the job, as it was given; null for one that was not created
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string | null;
            /** @description Of the job; null where there is none */
            name: string | null;
            problem: components["schemas"]["ItemProblem"] | null;
            /** @description `trigger`: the new run */
            runId: string | null;
            /**
             * @description As the operation for one job answers
             * @example 200
             */
            status: number;
        };
        /**
         * @example {
         *       "action": "resume",
         *       "filter": {
         *         "state": "paused"
         *       }
         *     }
         */
        BulkResume: {
            /** @enum {string} */
            action: "resume";
            /**
             * @description Only tell what would become of each; nothing is written
             * @default false
             */
            dryRun?: boolean;
            filter?: components["schemas"]["BulkFilter"];
            /** @description Ids of jobs; or `filter` */
            ids?: string[];
        } & ({
            ids: unknown;
        } | {
            filter: unknown;
        });
        /**
         * @example {
         *       "action": "trigger",
         *       "ids": [
         *         "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11"
         *       ],
         *       "body": {
         *         "report": "again"
         *       }
         *     }
         */
        BulkTrigger: {
            /** @enum {string} */
            action: "trigger";
            /** @description Any JSON, in place of each job's body; absent or null: the job's */
            body?: unknown;
            /**
             * @description Only tell what would become of each; nothing is written
             * @default false
             */
            dryRun?: boolean;
            filter?: components["schemas"]["BulkFilter"];
            /** @description Ids of jobs; or `filter` */
            ids?: string[];
        } & ({
            ids: unknown;
        } | {
            filter: unknown;
        });
        /**
         * @description The same merge patch for each job; a name can not be changed.
         * @example {
         *       "action": "update",
         *       "filter": {
         *         "label": [
         *           "team:billing"
         *         ]
         *       },
         *       "patch": {
         *         "retry": {
         *           "maxAttempts": 5
         *         }
         *       }
         *     }
         */
        BulkUpdate: {
            /** @enum {string} */
            action: "update";
            /**
             * @description Only tell what would become of each; nothing is written
             * @default false
             */
            dryRun?: boolean;
            filter?: components["schemas"]["BulkFilter"];
            /** @description Ids of jobs; or `filter` */
            ids?: string[];
            patch: components["schemas"]["JobPatch"];
        } & ({
            ids: unknown;
        } | {
            filter: unknown;
        });
        Calendar: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            createdAt: string;
            dates: string[];
            description: string;
            /** @description Events that were imported */
            eventCount: number;
            events: {
                end: string;
                exdates?: string[];
                rule?: string;
                start: string;
                summary: string;
                timeZone?: string;
            }[];
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /** @example holidays */
            name: string;
            ranges: {
                from: string;
                to: string;
            }[];
            rules: {
                rule: string;
                startAt: string;
            }[];
            timeZone: string | null;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            updatedAt: string;
            version: number;
            windows: {
                from: string;
                to: string;
            }[];
        };
        CalendarChanged: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            createdAt: string;
            dates: string[];
            description: string;
            dryRun: boolean;
            /** @description Events that were imported */
            eventCount: number;
            events: {
                end: string;
                exdates?: string[];
                rule?: string;
                start: string;
                summary: string;
                timeZone?: string;
            }[];
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /** @description Jobs whose next occurrence is another one */
            moved: number;
            /** @description The first 1,000 of them, by id: the next occurrence before and after */
            moves: {
                /** @description Null: none is left, and the job is completed */
                after: string | null;
                before: string | null;
                /**
                 * Format: uuid
                 * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
                 */
                jobId: string;
                jobName: string;
            }[];
            /** @example holidays */
            name: string;
            ranges: {
                from: string;
                to: string;
            }[];
            rules: {
                rule: string;
                startAt: string;
            }[];
            timeZone: string | null;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            updatedAt: string;
            version: number;
            windows: {
                from: string;
                to: string;
            }[];
        };
        CalendarImported: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            createdAt: string;
            dates: string[];
            description: string;
            dryRun: boolean;
            /** @description Events that were imported */
            eventCount: number;
            events: {
                end: string;
                exdates?: string[];
                rule?: string;
                start: string;
                summary: string;
                timeZone?: string;
            }[];
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /** @description Jobs whose next occurrence is another one */
            moved: number;
            /** @description The first 1,000 of them, by id: the next occurrence before and after */
            moves: {
                /** @description Null: none is left, and the job is completed */
                after: string | null;
                before: string | null;
                /**
                 * Format: uuid
                 * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
                 */
                jobId: string;
                jobName: string;
            }[];
            /** @example holidays */
            name: string;
            /** @description What of the file is not in the calendar; at most 200 are listed */
            notCarriedOver: {
                /** @enum {string} */
                code: "malformed" | "not_understood" | "unknown_zone" | "unsupported_rule" | "left_out" | "too_many";
                detail: string;
                /** @description Where its event begins in the file, counted from 1 */
                line: number;
                summary: string;
            }[];
            ranges: {
                from: string;
                to: string;
            }[];
            rules: {
                rule: string;
                startAt: string;
            }[];
            timeZone: string | null;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            updatedAt: string;
            version: number;
            windows: {
                from: string;
                to: string;
            }[];
        };
        /**
         * @example {
         *       "name": "holidays",
         *       "timeZone": "Europe/Paris",
         *       "dates": [
         *         "2026-12-25",
         *         "2027-01-01"
         *       ],
         *       "ranges": [
         *         {
         *           "from": "2027-08-01",
         *           "to": "2027-08-15"
         *         }
         *       ],
         *       "windows": [
         *         {
         *           "from": "SAT 00:00",
         *           "to": "MON 00:00"
         *         }
         *       ]
         *     }
         */
        CalendarInput: {
            /** @default [] */
            dates?: string[];
            /**
             * @default
             * @example Sends the sales figures
             */
            description?: string;
            /**
             * @description What an import sets; a patch that does not name them leaves them
             * @default []
             */
            events?: {
                /**
                 * @description Exclusive
                 * @example 2026-12-25
                 */
                end: string;
                exdates?: string[];
                /** @description Repeats it, by RFC 5545 */
                rule?: string;
                /** @example 2026-12-25 */
                start: string;
                /** @default  */
                summary?: string;
                /**
                 * @description Of local times; default: where the calendar is read
                 * @example Europe/Paris
                 */
                timeZone?: string;
            }[];
            /**
             * @description Unique in the project
             * @example nightly-report
             */
            name: string;
            /** @default [] */
            ranges?: {
                /** @example 2026-12-25 */
                from: string;
                /** @example 2026-12-25 */
                to: string;
            }[];
            /** @default [] */
            rules?: {
                /** @example FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25 */
                rule: string;
                /**
                 * @description The date from which it is counted
                 * @default 2000-01-01
                 * @example 2026-12-25
                 */
                startAt?: string;
            }[];
            /**
             * @description Null: the zone of the schedule that uses it
             * @default null
             */
            timeZone?: string | null;
            /** @default [] */
            windows?: {
                from: string;
                to: string;
            }[];
        };
        CalendarPage: {
            data: components["schemas"]["CalendarSummary"][];
            page: components["schemas"]["PageInfo"];
        };
        /**
         * @description A JSON merge patch (RFC 7396) of a calendar; a list takes the place of the one before.
         * @example {
         *       "dates": [
         *         "2026-12-24",
         *         "2026-12-25"
         *       ]
         *     }
         */
        CalendarPatch: {
            dates?: unknown;
            description?: unknown;
            events?: unknown;
            name?: unknown;
            ranges?: unknown;
            rules?: unknown;
            timeZone?: unknown;
            windows?: unknown;
        };
        CalendarSummary: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            createdAt: string;
            dates: string[];
            description: string;
            /** @description Events that were imported */
            eventCount: number;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /** @example holidays */
            name: string;
            ranges: {
                from: string;
                to: string;
            }[];
            rules: {
                rule: string;
                startAt: string;
            }[];
            timeZone: string | null;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            updatedAt: string;
            version: number;
            windows: {
                from: string;
                to: string;
            }[];
        };
        ChangedJob: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            createdAt: string;
            description: string;
            /** @description Only with `dryRun=true`: nothing was written */
            dryRun?: components["schemas"]["JobDryRun"];
            /** @description Runs that failed since the last success */
            failureStreak: number;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /**
             * @example {
             *       "team": "billing"
             *     }
             */
            labels: {
                [key: string]: string;
            };
            lastRunAt: string | null;
            /** @example succeeded */
            lastRunState: string | null;
            misfire: {
                /** @example PT30S */
                grace: string;
                limit: number;
                /** @enum {string} */
                policy: "skip" | "runLast" | "runAll";
                /** @example PT30S */
                within: string;
            };
            /** @example nightly-report */
            name: string;
            /** @description When it is due next, jitter included; null unless active */
            nextRunAt: string | null;
            /** @enum {string} */
            overlap: "allow" | "skip" | "queueOne" | "queueAll" | "cancelRunning";
            pausedUntil: string | null;
            pauseNote: string | null;
            retry: {
                /** @enum {string} */
                backoff: "exponential" | "linear" | "fixed";
                /** @example PT30S */
                initialDelay: string;
                maxAttempts: number;
                /** @example PT30S */
                maxDelay: string;
                /** @example PT30S */
                maxElapsed: string;
            };
            runCount: number;
            schedule: components["schemas"]["Schedule"];
            /** @example At 09:00, Monday through Friday (Europe/Paris) */
            scheduleText: string;
            /** @enum {string} */
            state: "active" | "paused" | "completed";
            target: components["schemas"]["HttpTarget"];
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            updatedAt: string;
            version: number;
        };
        /** @description 5 fields, 6 with seconds first, 7 with a year last, or a macro such as @daily. */
        CronSchedule: {
            /** @description What a fixed time does at a clock change; default after and first */
            dst?: {
                /** @enum {string} */
                gap?: "after" | "skip";
                /** @enum {string} */
                overlap?: "first" | "second" | "both";
            };
            /** @description Last instant, inclusive: an instant, or a local date-time */
            endAt?: string;
            /** @description Names of calendars of the project; what they leave out is no occurrence */
            exclude?: string[];
            /** @example 0 9 * * MON-FRI */
            expression: string;
            /**
             * @description Spread of the due instant, deterministic by job and occurrence
             * @example PT30S
             */
            jitter?: string;
            /** @description Completed after so many runs by the schedule */
            maxRuns?: number;
            /**
             * @description What becomes of an occurrence that a calendar leaves out: skipped (default), or moved to the nearest day, later or earlier, on which the same wall time is free
             * @enum {string}
             */
            onExcluded?: "skip" | "nextBusinessDay" | "previousBusinessDay";
            /** @description First instant, inclusive: an instant, or a local date-time */
            startAt?: string;
            /**
             * @description IANA time zone
             * @example Europe/Paris
             */
            timeZone: string;
            /** @enum {string} */
            type: "cron";
        };
        /**
         * @description A job as it is to be.
         * @example {
         *       "name": "nightly-report",
         *       "schedule": {
         *         "type": "cron",
         *         "expression": "0 9 * * MON-FRI",
         *         "timeZone": "Europe/Paris"
         *       },
         *       "target": {
         *         "url": "https://example.com/hooks/report"
         *       }
         *     }
         */
        DeclaredJob: {
            /**
             * @default
             * @example Sends the sales figures
             */
            description?: string;
            /**
             * @description Names of 1 to 63 letters, digits and ._/-; values of at most 200 characters
             * @default {}
             * @example {
             *       "team": "billing"
             *     }
             */
            labels?: {
                [key: string]: string;
            };
            /** @default {} */
            misfire?: components["schemas"]["MisfireInput"];
            /**
             * @description Unique in the project
             * @example nightly-report
             */
            name: string;
            /**
             * @description What a run does while earlier ones of the job are open
             * @default allow
             * @enum {string}
             */
            overlap?: "allow" | "skip" | "queueOne" | "queueAll" | "cancelRunning";
            /** @description Absent: it stays as it is, and a new job is active */
            paused?: boolean;
            /** @default {} */
            retry?: components["schemas"]["RetryInput"];
            schedule: components["schemas"]["ScheduleInput"];
            target: components["schemas"]["TargetInput"];
        };
        /**
         * @example {
         *       "at": "2026-03-02T08:00:00.000Z",
         *       "verdict": "recorded",
         *       "text": "It was skipped: an earlier run was still open, and the overlap policy leaves it out then.",
         *       "runId": "0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21",
         *       "besideRunId": "0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e20",
         *       "version": 4,
         *       "previous": "2026-03-02T07:00:00.000Z",
         *       "next": "2026-03-02T09:00:00.000Z"
         *     }
         */
        Explanation: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            at: string;
            /** @description The open run because of which it was skipped, held or replaced */
            besideRunId: string | null;
            /** @description The occurrence after, by that version */
            next: string | null;
            /** @description The occurrence before, by that version */
            previous: string | null;
            /** @description The run of the schedule for that instant */
            runId: string | null;
            /** @description The same for people */
            text: string;
            /** @enum {string} */
            verdict: "recorded" | "willRun" | "willSkip" | "moved" | "paused" | "notPlannedYet" | "noOccurrence" | "excluded" | "beforeCreated" | "completed" | "noLongerKept" | "unreadable" | "missing";
            /** @description The version of the job in force at that instant */
            version: number | null;
        };
        /**
         * @example {
         *       "from": "2026-03-02T08:00:00.000Z",
         *       "to": "2026-03-03T08:00:00.000Z",
         *       "resolution": "PT1M",
         *       "computedAt": "2026-03-02T07:58:10.000Z",
         *       "estimated": false,
         *       "total": 1200,
         *       "peak": 1200,
         *       "cells": [
         *         {
         *           "at": "2026-03-02T09:00:00.000Z",
         *           "fires": 1200
         *         }
         *       ],
         *       "crowded": [
         *         {
         *           "at": "2026-03-02T09:00:00.000Z",
         *           "fires": 1200,
         *           "jobs": [
         *             {
         *               "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *               "name": "nightly-report"
         *             }
         *           ],
         *           "afterSpreading": 20
         *         }
         *       ]
         *     }
         */
        Forecast: {
            /** @description Empty ones are left out */
            cells: {
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                at: string;
                fires: number;
            }[];
            /** @description Of a project with many jobs it is computed in the background; null: not yet, and nothing is known */
            computedAt: string | null;
            /** @description Minutes of the next 24 hours, the most crowded first, ten at most */
            crowded: {
                /** @description What would fire in that minute if those who fire at that very minute were spread by `H` within their period, an hour at most */
                afterSpreading: number;
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                at: string;
                fires: number;
                /** @description Some of them */
                jobs: {
                    /**
                     * Format: uuid
                     * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
                     */
                    id: string;
                    name: string;
                }[];
            }[];
            /** @description Some rules are too many or too frequent to follow each of their occurrences */
            estimated: boolean;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            from: string;
            peak: number;
            /** @enum {string} */
            resolution: "PT1M" | "PT1H";
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            to: string;
            total: number;
        };
        /**
         * @example {
         *       "status": "ok"
         *     }
         */
        Health: {
            /** @enum {string} */
            status: "ok";
        };
        HttpTarget: {
            auth?: components["schemas"]["TargetAuth"];
            /** @description Absent: the default body */
            body?: unknown;
            headers: {
                [key: string]: string | {
                    /** @enum {boolean} */
                    secret: true;
                    /** @enum {string} */
                    value: "********";
                };
            };
            /** @enum {string} */
            method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS";
            success: {
                statuses: string[];
            };
            /** @example PT30S */
            timeout: string;
            /** @enum {string} */
            type: "http";
            /** @example https://example.com/hooks/report */
            url: string;
        };
        /**
         * @example {
         *       "type": "http",
         *       "method": "POST",
         *       "url": "https://example.com/hooks/report"
         *     }
         */
        HttpTargetInput: {
            auth?: components["schemas"]["TargetAuthInput"] | null;
            /**
             * @description Any JSON; a text is sent as it is. Texts in it may hold templates. Absent or null: the default body. Not for GET and HEAD.
             * @example {
             *       "report": "daily"
             *     }
             */
            body?: unknown;
            /**
             * @description Values may hold templates. Names of the connection, webhook-* and carillon-* are refused.
             * @default {}
             * @example {
             *       "authorization": {
             *         "value": "Bearer the-token-of-your-service",
             *         "secret": true
             *       }
             *     }
             */
            headers?: {
                [key: string]: string | {
                    /** @enum {boolean} */
                    secret: true;
                    /** @description Read back as "********"; sent back so, it leaves the secret as it is, while the scheme, host and port of the URL stay the same */
                    value: string;
                };
            };
            /**
             * @default POST
             * @enum {string}
             */
            method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS";
            /**
             * @description Which statuses of the answer mean success
             * @default {
             *       "statuses": [
             *         "2xx"
             *       ]
             *     }
             */
            success?: {
                statuses: string[];
            };
            /**
             * @description From 100 ms to 15 minutes, for each attempt
             * @default PT30S
             * @example PT30S
             */
            timeout?: string;
            /**
             * @default http
             * @enum {string}
             */
            type?: "http";
            /**
             * @description http or https. Templates such as {{scheduledFor}} may stand in the query.
             * @example https://example.com/hooks/report
             */
            url: string;
        };
        /**
         * @description An iCalendar file (RFC 5545)
         * @example BEGIN:VCALENDAR
         *     VERSION:2.0
         *     BEGIN:VEVENT
         *     SUMMARY:Christmas Day
         *     DTSTART;VALUE=DATE:20261225
         *     DTEND;VALUE=DATE:20261226
         *     END:VEVENT
         *     END:VCALENDAR
         */
        IcsSource: string;
        ImportLoss: {
            /** @example no_equivalent */
            code: string;
            detail: string;
            /** @description Name of the job, where it has one */
            job: string | null;
            /** @description Line of a crontab */
            line: number | null;
            /**
             * @description JSON pointer into what was sent
             * @example /spec/suspend
             */
            pointer: string | null;
            /**
             * @description `job`: it is not there at all; `setting`: it is, without or with another setting
             * @enum {string}
             */
            scope: "document" | "job" | "setting";
        };
        /**
         * @description A crontab as text/plain; CronJobs (one, a List, several documents); schedules of EventBridge Scheduler as get-schedule answers them; jobs of Cloud Scheduler as `gcloud scheduler jobs list` writes them. All but the first as JSON or YAML.
         * @example {
         *       "apiVersion": "batch/v1",
         *       "kind": "CronJob",
         *       "metadata": {
         *         "name": "nightly-report"
         *       },
         *       "spec": {
         *         "schedule": "0 2 * * *",
         *         "timeZone": "Europe/Paris",
         *         "concurrencyPolicy": "Forbid"
         *       }
         *     }
         */
        ImportSource: string | {
            [key: string]: unknown;
        } | unknown[];
        /** @description Counted from anchorAt; hours and shorter are elapsed time, days and longer calendar units in the zone. */
        IntervalSchedule: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            anchorAt: string;
            /** @description What a fixed time does at a clock change; default after and first */
            dst?: {
                /** @enum {string} */
                gap?: "after" | "skip";
                /** @enum {string} */
                overlap?: "first" | "second" | "both";
            };
            /** @description Last instant, inclusive: an instant, or a local date-time */
            endAt?: string;
            /** @example PT15M */
            every: string;
            /** @description Names of calendars of the project; what they leave out is no occurrence */
            exclude?: string[];
            /**
             * @description Spread of the due instant, deterministic by job and occurrence
             * @example PT30S
             */
            jitter?: string;
            /** @description Completed after so many runs by the schedule */
            maxRuns?: number;
            /**
             * @description What becomes of an occurrence that a calendar leaves out: skipped (default), or moved to the nearest day, later or earlier, on which the same wall time is free
             * @enum {string}
             */
            onExcluded?: "skip" | "nextBusinessDay" | "previousBusinessDay";
            /** @description First instant, inclusive: an instant, or a local date-time */
            startAt?: string;
            /**
             * @description IANA time zone
             * @example Europe/Paris
             */
            timeZone: string;
            /** @enum {string} */
            type: "interval";
        };
        /** @description Why nothing became of one item. */
        ItemProblem: {
            /** @description Stable, for programs; as the operation for one job has it */
            code: string;
            detail: string;
            errors: {
                code: string;
                detail: string;
                /**
                 * @description JSON pointer (RFC 6901) into the request
                 * @example /jobs/3/name
                 */
                pointer: string;
                /** @description Of a schedule in words: phrases that are understood */
                readonly suggestions?: string[];
                /** @description Of a schedule in words: what is at fault */
                words?: {
                    position: number;
                    text: string;
                };
            }[];
            status: number;
            title: string;
            type: string;
        };
        /**
         * @example {
         *       "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *       "name": "nightly-report",
         *       "description": "",
         *       "labels": {
         *         "team": "billing"
         *       },
         *       "schedule": {
         *         "type": "cron",
         *         "expression": "0 9 * * MON-FRI",
         *         "timeZone": "Europe/Paris"
         *       },
         *       "target": {
         *         "type": "http",
         *         "method": "POST",
         *         "url": "https://example.com/hooks/report",
         *         "headers": {
         *           "authorization": {
         *             "value": "********",
         *             "secret": true
         *           }
         *         },
         *         "timeout": "PT30S",
         *         "success": {
         *           "statuses": [
         *             "2xx"
         *           ]
         *         }
         *       },
         *       "retry": {
         *         "maxAttempts": 3,
         *         "backoff": "exponential",
         *         "initialDelay": "PT1S",
         *         "maxDelay": "PT5M",
         *         "maxElapsed": "PT1H"
         *       },
         *       "overlap": "allow",
         *       "misfire": {
         *         "policy": "runLast",
         *         "grace": "PT10S",
         *         "within": "PT1H",
         *         "limit": 100
         *       },
         *       "state": "active",
         *       "pauseNote": null,
         *       "pausedUntil": null,
         *       "nextRunAt": "2026-03-03T08:00:00.000Z",
         *       "lastRunAt": "2026-03-02T08:00:00.004Z",
         *       "lastRunState": "succeeded",
         *       "runCount": 41,
         *       "failureStreak": 0,
         *       "scheduleText": "At 09:00, Monday through Friday (Europe/Paris)",
         *       "version": 1,
         *       "createdAt": "2026-01-02T10:20:30.123Z",
         *       "updatedAt": "2026-01-02T10:20:30.123Z"
         *     }
         */
        Job: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            createdAt: string;
            description: string;
            /** @description Runs that failed since the last success */
            failureStreak: number;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /**
             * @example {
             *       "team": "billing"
             *     }
             */
            labels: {
                [key: string]: string;
            };
            lastRunAt: string | null;
            /** @example succeeded */
            lastRunState: string | null;
            misfire: {
                /** @example PT30S */
                grace: string;
                limit: number;
                /** @enum {string} */
                policy: "skip" | "runLast" | "runAll";
                /** @example PT30S */
                within: string;
            };
            /** @example nightly-report */
            name: string;
            /** @description When it is due next, jitter included; null unless active */
            nextRunAt: string | null;
            /** @enum {string} */
            overlap: "allow" | "skip" | "queueOne" | "queueAll" | "cancelRunning";
            pausedUntil: string | null;
            pauseNote: string | null;
            retry: {
                /** @enum {string} */
                backoff: "exponential" | "linear" | "fixed";
                /** @example PT30S */
                initialDelay: string;
                maxAttempts: number;
                /** @example PT30S */
                maxDelay: string;
                /** @example PT30S */
                maxElapsed: string;
            };
            runCount: number;
            schedule: components["schemas"]["Schedule"];
            /** @example At 09:00, Monday through Friday (Europe/Paris) */
            scheduleText: string;
            /** @enum {string} */
            state: "active" | "paused" | "completed";
            target: components["schemas"]["HttpTarget"];
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            updatedAt: string;
            version: number;
        };
        JobDryRun: {
            after: {
                /** @description The next 20 */
                occurrences: components["schemas"]["Occurrence"][];
                scheduleText: string;
            };
            before: {
                /** @description The next 20 */
                occurrences: components["schemas"]["Occurrence"][];
                scheduleText: string;
            };
            /** @description Where it would run again, less than half as long after the last time as either schedule leaves */
            doubled: string[];
            /** @description Where it would not run any more, nor instead for half as long again as either schedule leaves */
            dropped: string[];
            /** @description Occurrences that were edited, and that the new schedule does not have */
            droppedEdits: string[];
            warnings: string[];
        };
        /**
         * @example {
         *       "dryRun": false,
         *       "summary": {
         *         "create": 1,
         *         "change": 0,
         *         "delete": 0,
         *         "keep": 0
         *       },
         *       "plan": [
         *         {
         *           "action": "create",
         *           "name": "nightly-report",
         *           "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *           "scheduleText": "At 09:00, Monday through Friday (Europe/Paris)"
         *         }
         *       ],
         *       "notCarriedOver": [
         *         {
         *           "scope": "setting",
         *           "job": "nightly-report",
         *           "pointer": "/spec/successfulJobsHistoryLimit",
         *           "line": null,
         *           "code": "no_equivalent",
         *           "detail": "has no counterpart here"
         *         }
         *       ]
         *     }
         */
        JobImport: {
            dryRun: boolean;
            notCarriedOver: components["schemas"]["ImportLoss"][];
            /** @description In the order of the set; deletions last */
            plan: components["schemas"]["JobSetStep"][];
            summary: {
                change: number;
                create: number;
                delete: number;
                keep: number;
            };
        };
        /**
         * @description A job as it is created. name, schedule and target are required.
         * @example {
         *       "name": "nightly-report",
         *       "schedule": {
         *         "type": "cron",
         *         "expression": "0 9 * * MON-FRI",
         *         "timeZone": "Europe/Paris"
         *       },
         *       "target": {
         *         "url": "https://example.com/hooks/report"
         *       }
         *     }
         */
        JobInput: {
            /**
             * @default
             * @example Sends the sales figures
             */
            description?: string;
            /**
             * @description Names of 1 to 63 letters, digits and ._/-; values of at most 200 characters
             * @default {}
             * @example {
             *       "team": "billing"
             *     }
             */
            labels?: {
                [key: string]: string;
            };
            /** @default {} */
            misfire?: components["schemas"]["MisfireInput"];
            /**
             * @description Unique in the project
             * @example nightly-report
             */
            name: string;
            /**
             * @description What a run does while earlier ones of the job are open
             * @default allow
             * @enum {string}
             */
            overlap?: "allow" | "skip" | "queueOne" | "queueAll" | "cancelRunning";
            /** @default {} */
            retry?: components["schemas"]["RetryInput"];
            schedule: components["schemas"]["ScheduleInput"];
            target: components["schemas"]["TargetInput"];
        };
        JobPage: {
            data: components["schemas"]["Job"][];
            page: components["schemas"]["PageInfo"];
        };
        /**
         * @description A JSON merge patch (RFC 7396) of name, description, labels, schedule, target, retry, overlap and misfire: members are merged, null takes a member back to its default. A schedule of another type drops the members that only the old type knows.
         * @example {
         *       "schedule": {
         *         "expression": "30 9 * * MON-FRI"
         *       },
         *       "labels": {
         *         "team": null
         *       }
         *     }
         */
        JobPatch: {
            description?: string | null;
            labels?: {
                [key: string]: string | null;
            } | null;
            misfire?: {
                [key: string]: unknown;
            } | null;
            name?: string;
            /** @enum {unknown} */
            overlap?: "allow" | "skip" | "queueOne" | "queueAll" | "cancelRunning" | null;
            retry?: {
                [key: string]: unknown;
            } | null;
            schedule?: {
                [key: string]: unknown;
            } | string;
            target?: {
                [key: string]: unknown;
            } | string;
        };
        JobPreview: {
            occurrences: components["schemas"]["Occurrence"][];
            schedule: components["schemas"]["Schedule"];
            /** @example At 09:00, Monday through Friday (Europe/Paris) */
            text: string;
            warnings: string[];
        };
        JobRevision: {
            /**
             * Format: date-time
             * @description From then on it was so
             * @example 2026-12-24T18:00:00.000Z
             */
            at: string;
            /** @description Who made it, and which members became others; null: the audit log does not know */
            change: {
                /** @enum {string} */
                action: "job.create" | "job.update" | "job.revert" | "job.pause" | "job.resume" | "job.skipNext" | "job.editOccurrence" | "job.restoreOccurrence" | "job.delete" | "job.moveWithTimeZones" | "job.trigger" | "job.backfill" | "target.test" | "run.cancel" | "run.replay" | "calendar.create" | "calendar.update" | "calendar.delete" | "project.create" | "project.update" | "apiKey.create" | "apiKey.rotate" | "apiKey.revoke" | "signingSecret.create" | "signingSecret.rotate" | "signingSecret.revoke";
                actor: {
                    id: string | null;
                    name: string | null;
                    /** @enum {string} */
                    type: "apiKey" | "rootKey" | "token" | "anyone" | "service";
                };
                after: {
                    [key: string]: unknown;
                } | null;
                before: {
                    [key: string]: unknown;
                } | null;
            } | null;
            job: {
                description: string;
                /**
                 * @example {
                 *       "team": "billing"
                 *     }
                 */
                labels: {
                    [key: string]: string;
                };
                misfire: {
                    /** @example PT30S */
                    grace: string;
                    limit: number;
                    /** @enum {string} */
                    policy: "skip" | "runLast" | "runAll";
                    /** @example PT30S */
                    within: string;
                };
                /** @example nightly-report */
                name: string;
                /** @enum {string} */
                overlap: "allow" | "skip" | "queueOne" | "queueAll" | "cancelRunning";
                pausedUntil: string | null;
                pauseNote: string | null;
                retry: {
                    /** @enum {string} */
                    backoff: "exponential" | "linear" | "fixed";
                    /** @example PT30S */
                    initialDelay: string;
                    maxAttempts: number;
                    /** @example PT30S */
                    maxDelay: string;
                    /** @example PT30S */
                    maxElapsed: string;
                };
                schedule: components["schemas"]["Schedule"];
                /** @example At 09:00, Monday through Friday (Europe/Paris) */
                scheduleText: string;
                /** @enum {string} */
                state: "active" | "paused" | "completed";
                target: components["schemas"]["HttpTarget"];
            };
            version: number;
        };
        JobRevisionPage: {
            data: components["schemas"]["JobRevision"][];
            page: components["schemas"]["PageInfo"];
        };
        /**
         * @description All jobs of a project, each by its name. Masked secrets stand for what is stored.
         * @example {
         *       "jobs": [
         *         {
         *           "name": "nightly-report",
         *           "schedule": {
         *             "type": "cron",
         *             "expression": "0 9 * * MON-FRI",
         *             "timeZone": "Europe/Paris"
         *           },
         *           "target": {
         *             "url": "https://example.com/hooks/report"
         *           }
         *         }
         *       ]
         *     }
         */
        JobSet: {
            jobs: components["schemas"]["DeclaredJob"][];
        };
        /**
         * @example {
         *       "dryRun": false,
         *       "summary": {
         *         "create": 1,
         *         "change": 0,
         *         "delete": 0,
         *         "keep": 0
         *       },
         *       "plan": [
         *         {
         *           "action": "create",
         *           "name": "nightly-report",
         *           "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *           "scheduleText": "At 09:00, Monday through Friday (Europe/Paris)"
         *         }
         *       ]
         *     }
         */
        JobSetPlan: {
            dryRun: boolean;
            /** @description In the order of the set; deletions last */
            plan: components["schemas"]["JobSetStep"][];
            summary: {
                change: number;
                create: number;
                delete: number;
                keep: number;
            };
        };
        JobSetStep: {
            /** @enum {string} */
            action: "create" | "change" | "delete" | "keep";
            /**
             * @description Of a change: the members that differ
             * @example [
             *       "schedule",
             *       "retry"
             *     ]
             */
            changes?: string[];
            /** @description Null for a job that a dry run did not create */
            id: string | null;
            /** @example nightly-report */
            name: string;
            /** @example At 09:00, Monday through Friday (Europe/Paris) */
            scheduleText?: string;
        };
        Lane: {
            /** @description Counts by `resolution` when there are more runs than that; empty bands are left out */
            bands: {
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                at: string;
                cancelled: number;
                failed: number;
                /** @description Queued, held, running or between attempts */
                open: number;
                skipped: number;
                succeeded: number;
            }[] | null;
            /** @description Of the job's zone */
            clockChanges: {
                /** @example +02:00 */
                after: string;
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                at: string;
                /** @example +01:00 */
                before: string;
            }[];
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            jobId: string;
            jobName: string;
            /** @description What will be due in the span, in that order; those to be skipped too */
            occurrences: {
                /**
                 * @description What was decided of this one: it is left out, moved, or has another body
                 * @enum {string}
                 */
                action?: "skip" | "move" | "run";
                /**
                 * Format: date-time
                 * @description When it is due, where that is another instant
                 * @example 2026-12-24T18:00:00.000Z
                 */
                dueAt?: string;
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                scheduledFor: string;
            }[];
            /** @description There are more in the span */
            occurrencesTruncated: boolean;
            pauses: {
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                from: string;
                note: string | null;
                to: string | null;
            }[];
            /** @description The oldest first, when there are 60 or fewer in the span; otherwise null */
            runs: components["schemas"]["RunMark"][] | null;
            /** @enum {string} */
            state: "active" | "paused" | "completed";
            timeZone: string;
        };
        /**
         * @example {
         *       "from": "2026-03-01T00:00:00.000Z",
         *       "to": "2026-03-02T00:00:00.000Z",
         *       "truncated": false,
         *       "expected": 24,
         *       "found": 24,
         *       "missing": [],
         *       "doubled": [],
         *       "early": [],
         *       "unexpected": []
         *     }
         */
        LedgerAudit: {
            doubled: {
                runIds: string[];
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                scheduledFor: string;
            }[];
            /** @description Started before they were due */
            early: {
                /**
                 * Format: uuid
                 * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
                 */
                runId: string;
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                scheduledFor: string;
            }[];
            /** @description Occurrences that must be in the ledger, by the versions of the job */
            expected: number;
            /** @description Runs of the schedule that are in it, skipped ones too */
            found: number;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            from: string;
            missing: {
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                scheduledFor: string;
                version: number;
            }[];
            /**
             * Format: date-time
             * @description How far was compared: go on from there when `truncated`
             * @example 2026-12-24T18:00:00.000Z
             */
            to: string;
            truncated: boolean;
            /** @description For instants at which no version had an occurrence */
            unexpected: {
                /**
                 * Format: uuid
                 * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
                 */
                runId: string;
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                scheduledFor: string;
            }[];
        };
        /** @description What becomes of occurrences that were found late. */
        MisfireInput: {
            /**
             * @description Found no later than this, an occurrence runs as if on time; up to 1 day
             * @default PT10S
             * @example PT10S
             */
            grace?: string;
            /**
             * @description runAll: at most so many, the newest
             * @default 100
             */
            limit?: number;
            /**
             * @default runLast
             * @enum {string}
             */
            policy?: "skip" | "runLast" | "runAll";
            /**
             * @description Older than this an occurrence is never run; up to 366 days
             * @default PT1H
             * @example PT1H
             */
            within?: string;
        };
        /**
         * @description The whole job, but for its name: what is left out goes back to its default.
         * @example {
         *       "schedule": {
         *         "type": "cron",
         *         "expression": "0 9 * * MON-FRI",
         *         "timeZone": "Europe/Paris"
         *       },
         *       "target": {
         *         "url": "https://example.com/hooks/report"
         *       }
         *     }
         */
        NamedJobInput: {
            /**
             * @default
             * @example Sends the sales figures
             */
            description?: string;
            /**
             * @description Names of 1 to 63 letters, digits and ._/-; values of at most 200 characters
             * @default {}
             * @example {
             *       "team": "billing"
             *     }
             */
            labels?: {
                [key: string]: string;
            };
            /** @default {} */
            misfire?: components["schemas"]["MisfireInput"];
            /**
             * @description When given, the same as in the path
             * @example nightly-report
             */
            name?: string;
            /**
             * @description What a run does while earlier ones of the job are open
             * @default allow
             * @enum {string}
             */
            overlap?: "allow" | "skip" | "queueOne" | "queueAll" | "cancelRunning";
            /** @default {} */
            retry?: components["schemas"]["RetryInput"];
            schedule: components["schemas"]["ScheduleInput"];
            target: components["schemas"]["TargetInput"];
        };
        /**
         * @example {
         *       "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *       "name": "deploy pipeline",
         *       "role": "editor",
         *       "prefix": "car_4fK9x2Lm",
         *       "expiresAt": null,
         *       "lastUsedAt": null,
         *       "replacedBy": null,
         *       "createdAt": "2026-01-02T10:20:30.123Z",
         *       "key": "car_4fK9x2Lm…"
         *     }
         */
        NewApiKey: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            createdAt: string;
            expiresAt: string | null;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /** @description The key itself. It is shown this once. */
            key: string;
            /** @description To the minute */
            lastUsedAt: string | null;
            name: string;
            /** @description The first characters of the key, to know it by */
            prefix: string;
            /** @description The key that a rotation made in its place */
            replacedBy: string | null;
            /** @enum {string} */
            role: "viewer" | "editor" | "admin";
        };
        /**
         * @example {
         *       "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *       "expiresAt": null,
         *       "replacedBy": null,
         *       "createdAt": "2026-01-02T10:20:30.123Z",
         *       "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw…"
         *     }
         */
        NewSigningSecret: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            createdAt: string;
            /** @description From then on nothing is signed with it; null: it is current */
            expiresAt: string | null;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /** @description The secret that a rotation made in its place */
            replacedBy: string | null;
            /** @description The secret itself, for receivers to verify with. It is shown this once. */
            secret: string;
        };
        /** @description Nothing, or an empty object. */
        NoContent: Record<string, unknown>;
        Occurrence: {
            /**
             * Format: date-time
             * @description Where it is due at another instant: by jitter, or moved
             * @example 2026-12-24T18:00:00.000Z
             */
            dueAt?: string;
            edit?: components["schemas"]["OccurrenceEdit"];
            /**
             * @description The zone's wall clock with its offset
             * @example 2026-03-30T09:00:00+02:00
             */
            local: string;
            /**
             * @description Why it does not stand at its wall-clock time, how far jitter may go, or how it was edited
             * @example moved: 02:30 does not exist
             */
            note?: string;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            scheduledFor: string;
        };
        OccurrenceEdit: {
            /** @enum {string} */
            action: "skip" | "move" | "run";
            /** @description In place of the job's */
            body?: unknown;
            /** @example public holiday */
            note: string | null;
            /** @description Of `move`: when it is due instead */
            to: string | null;
        };
        /**
         * @example {
         *       "action": "move",
         *       "to": "2026-03-03T10:30:00Z",
         *       "note": "the source is late that day"
         *     }
         */
        OccurrenceEditInput: {
            /**
             * @description `skip` leaves it out, `move` makes it due at `to`, `run` gives it another body
             * @enum {string}
             */
            action: "skip" | "move" | "run";
            /**
             * @description Any JSON value in place of the job's body: required by `run`, possible with `move`
             * @example {
             *       "reason": "rerun"
             *     }
             */
            body?: unknown;
            /**
             * @description Why, for people
             * @example maintenance
             */
            note?: string | null;
            /**
             * Format: date-time
             * @description Of `move`: in the future
             * @example 2026-03-03T10:30:00Z
             */
            to?: string;
        };
        /** @description An instant, or a local date-time in timeZone. */
        OnceSchedule: {
            /** @example 2026-12-24T18:00 */
            at: string;
            /** @description What a fixed time does at a clock change; default after and first */
            dst?: {
                /** @enum {string} */
                gap?: "after" | "skip";
                /** @enum {string} */
                overlap?: "first" | "second" | "both";
            };
            /** @description Last instant, inclusive: an instant, or a local date-time */
            endAt?: string;
            /** @description Names of calendars of the project; what they leave out is no occurrence */
            exclude?: string[];
            /**
             * @description Spread of the due instant, deterministic by job and occurrence
             * @example PT30S
             */
            jitter?: string;
            /** @description Completed after so many runs by the schedule */
            maxRuns?: number;
            /**
             * @description What becomes of an occurrence that a calendar leaves out: skipped (default), or moved to the nearest day, later or earlier, on which the same wall time is free
             * @enum {string}
             */
            onExcluded?: "skip" | "nextBusinessDay" | "previousBusinessDay";
            /** @description First instant, inclusive: an instant, or a local date-time */
            startAt?: string;
            /**
             * @description IANA time zone
             * @example Europe/Paris
             */
            timeZone: string;
            /** @enum {string} */
            type: "once";
        };
        PageInfo: {
            /**
             * @description Null on the last page
             * @example null
             */
            nextCursor: string | null;
        };
        PauseInput: {
            /**
             * @description Why, for people
             * @example maintenance
             */
            note?: string | null;
            /** @description Resumed by itself at this instant */
            until?: string | null;
        };
        /**
         * @description Milliseconds, from histograms: at most 3.2 % off. `max` is exact.
         * @example {
         *       "p50": 4,
         *       "p95": 12,
         *       "p99": 31,
         *       "max": 240
         *     }
         */
        Percentiles: {
            max: number;
            p50: number;
            p95: number;
            p99: number;
        };
        /**
         * @example {
         *       "schedule": "0 9 * * MON-FRI",
         *       "count": 3
         *     }
         */
        PreviewInput: {
            /**
             * @description At most so many
             * @default 10
             */
            count?: number;
            /**
             * Format: date-time
             * @description Exclusive; default now
             * @example 2026-12-24T18:00:00Z
             */
            from?: string;
            schedule: components["schemas"]["ScheduleInput"];
            /**
             * Format: date-time
             * @description Inclusive
             * @example 2026-12-24T18:00:00Z
             */
            until?: string;
        };
        /** @description Problem details (RFC 9457). Programs go by `code`; `detail` is for people and may change. */
        Problem: {
            /** @description Stable, for programs. */
            code: string;
            /** @description What is wrong this time. */
            detail: string;
            /** @description Each thing that is wrong with the content or the parameters. */
            errors?: {
                code: string;
                detail: string;
                /** @description JSON pointer (RFC 6901) to the member. */
                pointer: string;
                /** @description Of a schedule in words: phrases that are understood. */
                suggestions?: string[];
                /** @description Of a schedule in words: what is at fault. */
                words?: {
                    /** @description Where it starts; 1 is the first character. */
                    position: number;
                    text: string;
                };
            }[];
            /** @description The path of the request. */
            instance: string;
            /** @description As in the header `x-request-id` of the answer, and in the log. */
            requestId: string;
            /** @description The HTTP status. */
            status: number;
            /** @description The kind of problem in a few words. */
            title: string;
            /** @description A URN for the kind of problem: one for each `code`. */
            type: string;
        };
        /**
         * @example {
         *       "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *       "name": "billing",
         *       "rateLimits": {
         *         "perKey": null,
         *         "total": {
         *           "requests": 6000,
         *           "window": "PT1M"
         *         }
         *       },
         *       "quotas": {
         *         "jobs": 1000,
         *         "firesPerMinute": 600,
         *         "concurrentRuns": 50,
         *         "leastInterval": "PT1M"
         *       },
         *       "createdAt": "2026-01-02T10:20:30.123Z",
         *       "updatedAt": "2026-01-02T10:20:30.123Z"
         *     }
         */
        Project: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            name: string;
            /** @description Null: as much as it likes */
            quotas: {
                concurrentRuns: number | null;
                firesPerMinute: number | null;
                jobs: number | null;
                leastInterval: string | null;
            };
            /** @description Null: what the service gives everyone */
            rateLimits: {
                perKey: {
                    requests: number;
                    /** @example PT30S */
                    window: string;
                } | null;
                total: {
                    requests: number;
                    /** @example PT30S */
                    window: string;
                } | null;
            };
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            updatedAt: string;
        };
        /**
         * @example {
         *       "name": "billing"
         *     }
         */
        ProjectInput: {
            /**
             * @description Unique; the header `Carillon-Project` takes it
             * @example billing
             */
            name: string;
            /** @description Null: as much as it likes. What is there already stays when a quota is lowered. */
            quotas?: {
                /**
                 * @description Calls under way at the same time; further runs wait
                 * @example 50
                 */
                concurrentRuns?: number | null;
                /**
                 * @description How often the schedules of all jobs together fire; each counts as on a day on which it fires (`0 9 * * MON`: once in 1,440 minutes)
                 * @example 600
                 */
                firesPerMinute?: number | null;
                /**
                 * @description Jobs, whatever their state
                 * @example 1000
                 */
                jobs?: number | null;
                /**
                 * @description What lies at least between two occurrences of one job
                 * @example PT1M
                 */
                leastInterval?: ((string | null) | null) | string | null;
            };
            /** @description So many requests in any stretch of time as long as the window */
            rateLimits?: {
                /** @description For each key; null: as RATE_LIMIT has it */
                perKey?: {
                    /** @example 6000 */
                    requests: number;
                    /**
                     * Format: duration
                     * @description From 1 second to a day
                     * @example PT1M
                     */
                    window: string;
                } | null;
                /** @description For all keys together; null: ten times RATE_LIMIT */
                total?: {
                    /** @example 6000 */
                    requests: number;
                    /**
                     * Format: duration
                     * @description From 1 second to a day
                     * @example PT1M
                     */
                    window: string;
                } | null;
            };
        };
        ProjectPage: {
            data: components["schemas"]["Project"][];
            page: components["schemas"]["PageInfo"];
        };
        /**
         * @description A JSON merge patch
         * @example {
         *       "rateLimits": {
         *         "perKey": null,
         *         "total": {
         *           "requests": 6000,
         *           "window": "PT1M"
         *         }
         *       },
         *       "quotas": {
         *         "jobs": 1000,
         *         "firesPerMinute": 600,
         *         "concurrentRuns": 50,
         *         "leastInterval": "PT1M"
         *       }
         *     }
         */
        ProjectPatch: {
            /** @description Null: as much as it likes. What is there already stays when a quota is lowered. */
            quotas?: {
                /**
                 * @description Calls under way at the same time; further runs wait
                 * @example 50
                 */
                concurrentRuns?: number | null;
                /**
                 * @description How often the schedules of all jobs together fire; each counts as on a day on which it fires (`0 9 * * MON`: once in 1,440 minutes)
                 * @example 600
                 */
                firesPerMinute?: number | null;
                /**
                 * @description Jobs, whatever their state
                 * @example 1000
                 */
                jobs?: number | null;
                /**
                 * @description What lies at least between two occurrences of one job
                 * @example PT1M
                 */
                leastInterval?: ((string | null) | null) | string | null;
            };
            /** @description So many requests in any stretch of time as long as the window */
            rateLimits?: {
                /** @description For each key; null: as RATE_LIMIT has it */
                perKey?: {
                    /** @example 6000 */
                    requests: number;
                    /**
                     * Format: duration
                     * @description From 1 second to a day
                     * @example PT1M
                     */
                    window: string;
                } | null;
                /** @description For all keys together; null: ten times RATE_LIMIT */
                total?: {
                    /** @example 6000 */
                    requests: number;
                    /**
                     * Format: duration
                     * @description From 1 second to a day
                     * @example PT1M
                     */
                    window: string;
                } | null;
            };
        };
        /**
         * @example {
         *       "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *       "name": "billing",
         *       "rateLimits": {
         *         "perKey": null,
         *         "total": {
         *           "requests": 6000,
         *           "window": "PT1M"
         *         }
         *       },
         *       "quotas": {
         *         "jobs": 1000,
         *         "firesPerMinute": 600,
         *         "concurrentRuns": 50,
         *         "leastInterval": "PT1M"
         *       },
         *       "createdAt": "2026-01-02T10:20:30.123Z",
         *       "updatedAt": "2026-01-02T10:20:30.123Z",
         *       "use": {
         *         "jobs": 412,
         *         "firesPerMinute": 37.5,
         *         "concurrentRuns": 3
         *       }
         *     }
         */
        ProjectWithUse: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            name: string;
            /** @description Null: as much as it likes */
            quotas: {
                concurrentRuns: number | null;
                firesPerMinute: number | null;
                jobs: number | null;
                leastInterval: string | null;
            };
            /** @description Null: what the service gives everyone */
            rateLimits: {
                perKey: {
                    requests: number;
                    /** @example PT30S */
                    window: string;
                } | null;
                total: {
                    requests: number;
                    /** @example PT30S */
                    window: string;
                } | null;
            };
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            updatedAt: string;
            /** @description What is taken of the quotas */
            use: {
                concurrentRuns: number;
                firesPerMinute: number;
                jobs: number;
            };
        };
        /**
         * @example {
         *       "status": "ok"
         *     }
         */
        Readiness: {
            /** @description What does not work as it should, though requests are served; absent when all is well. */
            degraded?: string[];
            /** @enum {string} */
            status: "ok";
        };
        /** @description How failed attempts are repeated. */
        RetryInput: {
            /**
             * @default exponential
             * @enum {string}
             */
            backoff?: "exponential" | "linear" | "fixed";
            /**
             * @description Before the second attempt, up to 1 day
             * @default PT1S
             * @example PT1S
             */
            initialDelay?: string;
            /**
             * @description The first attempt counts
             * @default 3
             */
            maxAttempts?: number;
            /**
             * @description Longest delay, up to 7 days
             * @default PT5M
             * @example PT5M
             */
            maxDelay?: string;
            /**
             * @description No attempt starts later than this after the first one, up to 30 days
             * @default PT1H
             * @example PT1H
             */
            maxElapsed?: string;
        };
        /**
         * @example {
         *       "version": 1
         *     }
         */
        RevertInput: {
            /**
             * @description Of the revision to go back to
             * @example 1
             */
            version: number;
        };
        /**
         * @default {}
         * @example {
         *       "overlap": "P1D"
         *     }
         */
        RotateInput: {
            /** @description When the new key ends; default: it lives as long as the old one was to */
            expiresAt?: string | null;
            /**
             * @description How long the old key still works, up to 30 days
             * @default PT1H
             * @example PT1H
             */
            overlap?: string;
        };
        /** @description RFC 5545, FREQ from DAILY to YEARLY: FREQ=…, or an RRULE line with RDATE and EXDATE lines. Counted from startAt, which gives what the rule leaves open; a time that a clock change leaves out moves by the change's length. */
        RruleSchedule: {
            /** @description What a fixed time does at a clock change; default after and first */
            dst?: {
                /** @enum {string} */
                gap?: "after" | "skip";
                /** @enum {string} */
                overlap?: "first" | "second" | "both";
            };
            /** @description Last instant, inclusive: an instant, or a local date-time */
            endAt?: string;
            /** @description Names of calendars of the project; what they leave out is no occurrence */
            exclude?: string[];
            /**
             * @description Spread of the due instant, deterministic by job and occurrence
             * @example PT30S
             */
            jitter?: string;
            /** @description Completed after so many runs by the schedule */
            maxRuns?: number;
            /**
             * @description What becomes of an occurrence that a calendar leaves out: skipped (default), or moved to the nearest day, later or earlier, on which the same wall time is free
             * @enum {string}
             */
            onExcluded?: "skip" | "nextBusinessDay" | "previousBusinessDay";
            /** @example FREQ=MONTHLY;BYDAY=-1FR */
            rule: string;
            /**
             * @description DTSTART: the start of the rule on the zone's wall clock; default: creation
             * @example 2026-01-01T17:00
             */
            startAt: string;
            /**
             * @description IANA time zone
             * @example Europe/Paris
             */
            timeZone: string;
            /** @enum {string} */
            type: "rrule";
        };
        /**
         * @example {
         *       "id": "0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21",
         *       "jobId": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *       "jobName": "nightly-report",
         *       "jobVersion": 4,
         *       "scheduledFor": "2026-03-02T08:00:00.000Z",
         *       "trigger": "schedule",
         *       "state": "succeeded",
         *       "reason": null,
         *       "attempt": 1,
         *       "maxAttempts": 3,
         *       "startedAt": "2026-03-02T08:00:00.004Z",
         *       "finishedAt": "2026-03-02T08:00:00.035Z",
         *       "latenessMs": 4,
         *       "durationMs": 31,
         *       "response": {
         *         "status": 200,
         *         "bodyExcerpt": "ok"
         *       },
         *       "error": null,
         *       "attempts": [
         *         {
         *           "number": 1,
         *           "startedAt": "2026-03-02T08:00:00.004Z",
         *           "durationMs": 31,
         *           "outcome": "succeeded",
         *           "status": 200,
         *           "error": null,
         *           "timings": {
         *             "queuedMs": -3,
         *             "claimedMs": -1,
         *             "resolvedMs": 1,
         *             "connectedMs": 4,
         *             "firstByteMs": 30,
         *             "doneMs": 31
         *           }
         *         }
         *       ]
         *     }
         */
        Run: {
            /** @description Number of the last attempt; 0 before the first */
            attempt: number;
            attempts: components["schemas"]["Attempt"][];
            /** @description Of the last attempt */
            durationMs: number | null;
            error: components["schemas"]["RunError"] | null;
            finishedAt: string | null;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            jobId: string;
            /** @example nightly-report */
            jobName: string;
            /** @description The version of the job that planned it */
            jobVersion: number;
            /** @description Start of the first attempt minus the due instant */
            latenessMs: number | null;
            maxAttempts: number;
            /**
             * @description Why it was skipped, cancelled or failed
             * @example null
             */
            reason: string | null;
            response: {
                bodyExcerpt: string;
                status: number;
            } | null;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            scheduledFor: string;
            startedAt: string | null;
            /** @enum {string} */
            state: "queued" | "running" | "retrying" | "held" | "succeeded" | "failed" | "cancelled" | "skipped";
            /** @enum {string} */
            trigger: "schedule" | "manual" | "backfill" | "replay" | "misfire";
        };
        /**
         * @example {
         *       "action": "replay",
         *       "dryRun": false,
         *       "matched": 1,
         *       "succeeded": 1,
         *       "failed": 0,
         *       "results": [
         *         {
         *           "id": "0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21",
         *           "jobId": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *           "jobName": "nightly-report",
         *           "status": 202,
         *           "runId": "0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e22",
         *           "state": "queued",
         *           "problem": null
         *         }
         *       ]
         *     }
         */
        RunBulk: {
            /** @enum {string} */
            action: "replay" | "cancel";
            dryRun: boolean;
            failed: number;
            /** @description Runs that there are of those named, or that the filter found */
            matched: number;
            /** @description In the order of `ids`; of a filter, the newest run first */
            results: components["schemas"]["RunBulkResult"][];
            succeeded: number;
        };
        /**
         * @example {
         *       "action": "cancel",
         *       "ids": [
         *         "0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21"
         *       ]
         *     }
         */
        RunBulkCancel: {
            /** @enum {string} */
            action: "cancel";
            /**
             * @description Only tell what would become of each; nothing is written
             * @default false
             */
            dryRun?: boolean;
            /** @description As the list of runs has them. No more than 1000 runs may match. */
            filter?: {
                /**
                 * Format: date-time
                 * @description Earliest scheduledFor, inclusive
                 * @example 2026-12-24T18:00:00Z
                 */
                from?: string;
                /**
                 * Format: uuid
                 * @description Only runs of this job
                 */
                jobId?: string;
                /** @enum {string} */
                state: "queued" | "running" | "retrying" | "held";
                /**
                 * Format: date-time
                 * @description Latest scheduledFor, inclusive
                 * @example 2026-12-24T18:00:00Z
                 */
                to?: string;
            };
            /** @description Ids of runs; or `filter` */
            ids?: string[];
        } & ({
            ids: unknown;
        } | {
            filter: unknown;
        });
        /**
         * @description One action on up to 1000 runs.
         * @example {
         *       "action": "replay",
         *       "ids": [
         *         "0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21"
         *       ]
         *     }
         */
        RunBulkInput: components["schemas"]["RunBulkReplay"] | components["schemas"]["RunBulkCancel"];
        /**
         * @description A new run for each, of its job as it is now, with the body that the ended one was given.
         * @example {
         *       "action": "replay",
         *       "filter": {
         *         "state": "failed",
         *         "from": "2026-03-02T00:00:00Z"
         *       },
         *       "dryRun": true
         *     }
         */
        RunBulkReplay: {
            /** @enum {string} */
            action: "replay";
            /**
             * @description Only tell what would become of each; nothing is written
             * @default false
             */
            dryRun?: boolean;
            /** @description As the list of runs has them. No more than 1000 runs may match. */
            filter?: {
                /**
                 * Format: date-time
                 * @description Earliest scheduledFor, inclusive
                 * @example 2026-12-24T18:00:00Z
                 */
                from?: string;
                /**
                 * Format: uuid
                 * @description Only runs of this job
                 */
                jobId?: string;
                /** @enum {string} */
                state: "succeeded" | "failed" | "cancelled" | "skipped";
                /**
                 * Format: date-time
                 * @description Latest scheduledFor, inclusive
                 * @example 2026-12-24T18:00:00Z
                 */
                to?: string;
            };
            /** @description Ids of runs; or `filter` */
            ids?: string[];
        } & ({
            ids: unknown;
        } | {
            filter: unknown;
        });
        RunBulkResult: {
            /**
             * @description Of the run, as it was given
             * @example 0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21
             */
            id: string;
            jobId: string | null;
            jobName: string | null;
            problem: components["schemas"]["ItemProblem"] | null;
            /** @description `replay`: the new run; null in a dry run */
            runId: string | null;
            /** @description Of the new run, or of the one that was cancelled; null where nothing became of it */
            state: ("queued" | "running" | "retrying" | "held" | "succeeded" | "failed" | "cancelled" | "skipped") | null;
            /**
             * @description As the operation for one run answers
             * @example 202
             */
            status: number;
        };
        RunError: {
            /**
             * @description Stable, for programs
             * @example timeout
             */
            code: string;
            message: string;
        };
        /** @description What is drawn of a run. */
        RunMark: {
            durationMs: number | null;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            latenessMs: number | null;
            reason: string | null;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            scheduledFor: string;
            /** @enum {string} */
            state: "queued" | "running" | "retrying" | "held" | "succeeded" | "failed" | "cancelled" | "skipped";
        };
        RunPage: {
            data: components["schemas"]["RunSummary"][];
            page: components["schemas"]["PageInfo"];
        };
        /**
         * @example {
         *       "data": [
         *         {
         *           "jobId": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *           "runs": [
         *             {
         *               "id": "0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21",
         *               "scheduledFor": "2026-03-02T08:00:00.000Z",
         *               "state": "succeeded",
         *               "reason": null,
         *               "durationMs": 31,
         *               "latenessMs": 4
         *             }
         *           ]
         *         }
         *       ]
         *     }
         */
        RunStrips: {
            data: {
                /**
                 * Format: uuid
                 * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
                 */
                jobId: string;
                /** @description The newest last; up to now */
                runs: components["schemas"]["RunMark"][];
            }[];
        };
        /**
         * @example {
         *       "id": "0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21",
         *       "jobId": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *       "jobName": "nightly-report",
         *       "jobVersion": 4,
         *       "scheduledFor": "2026-03-02T08:00:00.000Z",
         *       "trigger": "schedule",
         *       "state": "succeeded",
         *       "reason": null,
         *       "attempt": 1,
         *       "maxAttempts": 3,
         *       "startedAt": "2026-03-02T08:00:00.004Z",
         *       "finishedAt": "2026-03-02T08:00:00.035Z",
         *       "latenessMs": 4,
         *       "durationMs": 31,
         *       "response": {
         *         "status": 200,
         *         "bodyExcerpt": "ok"
         *       },
         *       "error": null
         *     }
         */
        RunSummary: {
            /** @description Number of the last attempt; 0 before the first */
            attempt: number;
            /** @description Of the last attempt */
            durationMs: number | null;
            error: components["schemas"]["RunError"] | null;
            finishedAt: string | null;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            jobId: string;
            /** @example nightly-report */
            jobName: string;
            /** @description The version of the job that planned it */
            jobVersion: number;
            /** @description Start of the first attempt minus the due instant */
            latenessMs: number | null;
            maxAttempts: number;
            /**
             * @description Why it was skipped, cancelled or failed
             * @example null
             */
            reason: string | null;
            response: {
                bodyExcerpt: string;
                status: number;
            } | null;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            scheduledFor: string;
            startedAt: string | null;
            /** @enum {string} */
            state: "queued" | "running" | "retrying" | "held" | "succeeded" | "failed" | "cancelled" | "skipped";
            /** @enum {string} */
            trigger: "schedule" | "manual" | "backfill" | "replay" | "misfire";
        };
        /**
         * @example {
         *       "type": "cron",
         *       "expression": "0 9 * * MON-FRI",
         *       "timeZone": "Europe/Paris"
         *     }
         */
        Schedule: components["schemas"]["CronSchedule"] | components["schemas"]["IntervalSchedule"] | components["schemas"]["OnceSchedule"] | components["schemas"]["RruleSchedule"] | components["schemas"]["AnyOfSchedule"];
        /**
         * @description A schedule, or a text that stands for one. A phrase that is not understood, or has two meanings, is refused (`unknown_words`, `ambiguous_words`) with the `words` at fault and two `suggestions` that are understood.
         * @example {
         *       "type": "cron",
         *       "expression": "0 9 * * MON-FRI",
         *       "timeZone": "Europe/Paris"
         *     }
         */
        ScheduleInput: string | {
            /** @description What a fixed time does at a clock change; default after and first */
            dst?: {
                /** @enum {string} */
                gap?: "after" | "skip";
                /** @enum {string} */
                overlap?: "first" | "second" | "both";
            };
            /** @description Last instant, inclusive: an instant, or a local date-time */
            endAt?: string;
            /** @description Names of calendars of the project; what they leave out is no occurrence */
            exclude?: string[];
            expression: string;
            /**
             * @description Spread of the due instant, deterministic by job and occurrence
             * @example PT30S
             */
            jitter?: string;
            /** @description Completed after so many runs by the schedule */
            maxRuns?: number;
            /**
             * @description What becomes of an occurrence that a calendar leaves out: skipped (default), or moved to the nearest day, later or earlier, on which the same wall time is free
             * @enum {string}
             */
            onExcluded?: "skip" | "nextBusinessDay" | "previousBusinessDay";
            /** @description First instant, inclusive: an instant, or a local date-time */
            startAt?: string;
            /** @default UTC */
            timeZone?: string;
            /** @enum {string} */
            type: "cron";
        } | {
            anchorAt?: string;
            /** @description What a fixed time does at a clock change; default after and first */
            dst?: {
                /** @enum {string} */
                gap?: "after" | "skip";
                /** @enum {string} */
                overlap?: "first" | "second" | "both";
            };
            /** @description Last instant, inclusive: an instant, or a local date-time */
            endAt?: string;
            every: string;
            /** @description Names of calendars of the project; what they leave out is no occurrence */
            exclude?: string[];
            /**
             * @description Spread of the due instant, deterministic by job and occurrence
             * @example PT30S
             */
            jitter?: string;
            /** @description Completed after so many runs by the schedule */
            maxRuns?: number;
            /**
             * @description What becomes of an occurrence that a calendar leaves out: skipped (default), or moved to the nearest day, later or earlier, on which the same wall time is free
             * @enum {string}
             */
            onExcluded?: "skip" | "nextBusinessDay" | "previousBusinessDay";
            /** @description First instant, inclusive: an instant, or a local date-time */
            startAt?: string;
            /** @default UTC */
            timeZone?: string;
            /** @enum {string} */
            type: "interval";
        } | {
            at: string;
            /** @description What a fixed time does at a clock change; default after and first */
            dst?: {
                /** @enum {string} */
                gap?: "after" | "skip";
                /** @enum {string} */
                overlap?: "first" | "second" | "both";
            };
            /** @description Last instant, inclusive: an instant, or a local date-time */
            endAt?: string;
            /** @description Names of calendars of the project; what they leave out is no occurrence */
            exclude?: string[];
            /**
             * @description Spread of the due instant, deterministic by job and occurrence
             * @example PT30S
             */
            jitter?: string;
            /** @description Completed after so many runs by the schedule */
            maxRuns?: number;
            /**
             * @description What becomes of an occurrence that a calendar leaves out: skipped (default), or moved to the nearest day, later or earlier, on which the same wall time is free
             * @enum {string}
             */
            onExcluded?: "skip" | "nextBusinessDay" | "previousBusinessDay";
            /** @description First instant, inclusive: an instant, or a local date-time */
            startAt?: string;
            /** @default UTC */
            timeZone?: string;
            /** @enum {string} */
            type: "once";
        } | {
            /** @description What a fixed time does at a clock change; default after and first */
            dst?: {
                /** @enum {string} */
                gap?: "after" | "skip";
                /** @enum {string} */
                overlap?: "first" | "second" | "both";
            };
            /** @description Last instant, inclusive: an instant, or a local date-time */
            endAt?: string;
            /** @description Names of calendars of the project; what they leave out is no occurrence */
            exclude?: string[];
            /**
             * @description Spread of the due instant, deterministic by job and occurrence
             * @example PT30S
             */
            jitter?: string;
            /** @description Completed after so many runs by the schedule */
            maxRuns?: number;
            /**
             * @description What becomes of an occurrence that a calendar leaves out: skipped (default), or moved to the nearest day, later or earlier, on which the same wall time is free
             * @enum {string}
             */
            onExcluded?: "skip" | "nextBusinessDay" | "previousBusinessDay";
            /**
             * @description FREQ=…, or lines of an iCalendar: RRULE, DTSTART, RDATE, EXDATE
             * @example FREQ=MONTHLY;BYDAY=-1FR
             */
            rule: string;
            /**
             * @description DTSTART on the zone's wall clock; default: that line, or creation
             * @example 2026-01-01T17:00
             */
            startAt?: string;
            /** @description Default: the TZID of DTSTART, or UTC */
            timeZone?: string;
            /** @enum {string} */
            type: "rrule";
        } | {
            /** @description What a fixed time does at a clock change; default after and first */
            dst?: {
                /** @enum {string} */
                gap?: "after" | "skip";
                /** @enum {string} */
                overlap?: "first" | "second" | "both";
            };
            /** @description Last instant, inclusive: an instant, or a local date-time */
            endAt?: string;
            /** @description Names of calendars of the project; what they leave out is no occurrence */
            exclude?: string[];
            /**
             * @description Spread of the due instant, deterministic by job and occurrence
             * @example PT30S
             */
            jitter?: string;
            /** @description Completed after so many runs by the schedule */
            maxRuns?: number;
            /**
             * @description What becomes of an occurrence that a calendar leaves out: skipped (default), or moved to the nearest day, later or earlier, on which the same wall time is free
             * @enum {string}
             */
            onExcluded?: "skip" | "nextBusinessDay" | "previousBusinessDay";
            /** @description First instant, inclusive: an instant, or a local date-time */
            startAt?: string;
            /**
             * @description An English phrase: every Monday at 9am, every 90 minutes, weekdays at 18:30, last day of the month at 23:59, every other Tuesday at noon, in 20 minutes, tomorrow at 5pm. It comes back as a schedule of one of the other types
             * @example weekdays at 18:30
             */
            text: string;
            /** @description Default: the one that the phrase ends with, or UTC */
            timeZone?: string;
            /** @enum {string} */
            type: "words";
        } | {
            anyOf: (string | {
                /** @description What a fixed time does at a clock change; default after and first */
                dst?: {
                    /** @enum {string} */
                    gap?: "after" | "skip";
                    /** @enum {string} */
                    overlap?: "first" | "second" | "both";
                };
                /** @description Last instant, inclusive: an instant, or a local date-time */
                endAt?: string;
                expression: string;
                /** @description First instant, inclusive: an instant, or a local date-time */
                startAt?: string;
                /**
                 * @description IANA time zone; default: the union's
                 * @example Europe/Paris
                 */
                timeZone?: string;
                /** @enum {string} */
                type: "cron";
            } | {
                anchorAt?: string;
                /** @description What a fixed time does at a clock change; default after and first */
                dst?: {
                    /** @enum {string} */
                    gap?: "after" | "skip";
                    /** @enum {string} */
                    overlap?: "first" | "second" | "both";
                };
                /** @description Last instant, inclusive: an instant, or a local date-time */
                endAt?: string;
                every: string;
                /** @description First instant, inclusive: an instant, or a local date-time */
                startAt?: string;
                /**
                 * @description IANA time zone; default: the union's
                 * @example Europe/Paris
                 */
                timeZone?: string;
                /** @enum {string} */
                type: "interval";
            } | {
                at: string;
                /** @description What a fixed time does at a clock change; default after and first */
                dst?: {
                    /** @enum {string} */
                    gap?: "after" | "skip";
                    /** @enum {string} */
                    overlap?: "first" | "second" | "both";
                };
                /** @description Last instant, inclusive: an instant, or a local date-time */
                endAt?: string;
                /** @description First instant, inclusive: an instant, or a local date-time */
                startAt?: string;
                /**
                 * @description IANA time zone; default: the union's
                 * @example Europe/Paris
                 */
                timeZone?: string;
                /** @enum {string} */
                type: "once";
            } | {
                /** @description What a fixed time does at a clock change; default after and first */
                dst?: {
                    /** @enum {string} */
                    gap?: "after" | "skip";
                    /** @enum {string} */
                    overlap?: "first" | "second" | "both";
                };
                /** @description Last instant, inclusive: an instant, or a local date-time */
                endAt?: string;
                /**
                 * @description FREQ=…, or lines of an iCalendar: RRULE, DTSTART, RDATE, EXDATE
                 * @example FREQ=MONTHLY;BYDAY=-1FR
                 */
                rule: string;
                /**
                 * @description DTSTART on the zone's wall clock; default: that line, or creation
                 * @example 2026-01-01T17:00
                 */
                startAt?: string;
                /** @description Default: the TZID of DTSTART, or the union's */
                timeZone?: string;
                /** @enum {string} */
                type: "rrule";
            } | {
                /** @description What a fixed time does at a clock change; default after and first */
                dst?: {
                    /** @enum {string} */
                    gap?: "after" | "skip";
                    /** @enum {string} */
                    overlap?: "first" | "second" | "both";
                };
                /** @description Last instant, inclusive: an instant, or a local date-time */
                endAt?: string;
                /** @description First instant, inclusive: an instant, or a local date-time */
                startAt?: string;
                /**
                 * @description An English phrase: every Monday at 9am, every 90 minutes, weekdays at 18:30, last day of the month at 23:59, every other Tuesday at noon, in 20 minutes, tomorrow at 5pm. It comes back as a schedule of one of the other types
                 * @example weekdays at 18:30
                 */
                text: string;
                /** @description Default: the one that the phrase ends with, or the union's */
                timeZone?: string;
                /** @enum {string} */
                type: "words";
            })[];
            /** @description What a fixed time does at a clock change; default after and first */
            dst?: {
                /** @enum {string} */
                gap?: "after" | "skip";
                /** @enum {string} */
                overlap?: "first" | "second" | "both";
            };
            /** @description Last instant, inclusive: an instant, or a local date-time */
            endAt?: string;
            /** @description Names of calendars of the project; what they leave out is no occurrence */
            exclude?: string[];
            /**
             * @description Spread of the due instant, deterministic by job and occurrence
             * @example PT30S
             */
            jitter?: string;
            /** @description Completed after so many runs by the schedule */
            maxRuns?: number;
            /**
             * @description What becomes of an occurrence that a calendar leaves out: skipped (default), or moved to the nearest day, later or earlier, on which the same wall time is free
             * @enum {string}
             */
            onExcluded?: "skip" | "nextBusinessDay" | "previousBusinessDay";
            /** @description First instant, inclusive: an instant, or a local date-time */
            startAt?: string;
            /** @default UTC */
            timeZone?: string;
            /** @enum {string} */
            type?: "anyOf";
        };
        SchedulePreview: {
            occurrences: {
                /**
                 * @description The zone's wall clock with its offset
                 * @example 2026-03-30T09:00:00+02:00
                 */
                local: string;
                /**
                 * @description Why it does not stand at its wall-clock time, how far jitter may go, or how it was edited
                 * @example moved: 02:30 does not exist
                 */
                note?: string;
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                scheduledFor: string;
            }[];
            schedule: components["schemas"]["Schedule"];
            /** @example At 09:00, Monday through Friday (Europe/Paris) */
            text: string;
            warnings: string[];
        };
        /**
         * @example {
         *       "auth": "keys",
         *       "oidc": {
         *         "issuer": "https://login.example.com",
         *         "clientId": "carillon-dashboard",
         *         "scopes": [
         *           "openid"
         *         ],
         *         "audience": "carillon",
         *         "bearer": "access",
         *         "authorizationEndpoint": "https://login.example.com/authorize",
         *         "tokenEndpoint": "https://login.example.com/token",
         *         "endSessionEndpoint": null
         *       }
         *     }
         */
        SignIn: {
            /**
             * @description `open`: everyone who reaches the service may do everything; `keys`: it asks for a key or a token
             * @enum {string}
             */
            auth: "open" | "keys";
            /** @description Code flow with PKCE, as a public client; null: with an API key alone */
            oidc: {
                /** @description That the token must be made for */
                audience: string;
                authorizationEndpoint: string;
                /**
                 * @description Which of the tokens is sent as `Authorization: Bearer`
                 * @enum {string}
                 */
                bearer: "access" | "id";
                clientId: string;
                endSessionEndpoint: string | null;
                issuer: string;
                scopes: string[];
                tokenEndpoint: string;
            } | null;
        };
        /**
         * @default {}
         * @example {
         *       "overlap": "P1D"
         *     }
         */
        SigningRotateInput: {
            /**
             * @description How long calls are signed with the old secret too, up to 30 days
             * @default P1D
             * @example P1D
             */
            overlap?: string;
        };
        /**
         * @example {
         *       "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *       "expiresAt": null,
         *       "replacedBy": null,
         *       "createdAt": "2026-01-02T10:20:30.123Z"
         *     }
         */
        SigningSecret: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            createdAt: string;
            /** @description From then on nothing is signed with it; null: it is current */
            expiresAt: string | null;
            /**
             * Format: uuid
             * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
             */
            id: string;
            /** @description The secret that a rotation made in its place */
            replacedBy: string | null;
        };
        SigningSecretPage: {
            data: components["schemas"]["SigningSecret"][];
            page: components["schemas"]["PageInfo"];
        };
        SimulatedRun: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            dueAt: string;
            finishedAt: string | null;
            /** @example 2026-03-02T09:00:00+01:00 */
            local: string;
            /**
             * @description `open`: at the end of the span
             * @enum {string}
             */
            outcome: "ran" | "skipped" | "cancelled" | "open";
            /**
             * Format: date-time
             * @description Later than it was due after an outage or a pause
             * @example 2026-12-24T18:00:00.000Z
             */
            plannedAt: string;
            /** @description As the ledger would have it */
            reason: string | null;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            scheduledFor: string;
            startedAt: string | null;
            /** @enum {string} */
            trigger: "schedule" | "misfire";
        };
        Simulation: {
            occurrences: components["schemas"]["SimulatedRun"][];
            schedule: components["schemas"]["Schedule"];
            text: string;
            /** @description `limit` was reached before the end of the span */
            truncated: boolean;
        };
        /**
         * @example {
         *       "schedule": "*\/30 * * * *",
         *       "overlap": "skip",
         *       "misfire": {
         *         "policy": "runLast"
         *       },
         *       "from": "2026-03-02T08:00:00Z",
         *       "to": "2026-03-02T12:00:00Z",
         *       "runDuration": "PT45M",
         *       "outages": [
         *         {
         *           "from": "2026-03-02T10:10:00Z",
         *           "to": "2026-03-02T11:10:00Z"
         *         }
         *       ]
         *     }
         */
        SimulationInput: {
            /**
             * Format: date-time
             * @description When the job is made; default now
             * @example 2026-03-02T08:00:00Z
             */
            from?: string;
            /**
             * @description At most so many occurrences
             * @default 100
             */
            limit?: number;
            /** @default {} */
            misfire?: components["schemas"]["MisfireInput"];
            /** @description Single occurrences that are skipped or moved */
            occurrenceEdits?: {
                /** @enum {string} */
                action: "skip" | "move";
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00Z
                 */
                scheduledFor: string;
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00Z
                 */
                to?: string;
            }[];
            /** @description Nothing is planned and no call begins; in their order */
            outages?: {
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00Z
                 */
                from: string;
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00Z
                 */
                to: string;
            }[];
            /**
             * @description What a run does while earlier ones of the job are open
             * @default allow
             * @enum {string}
             */
            overlap?: "allow" | "skip" | "queueOne" | "queueAll" | "cancelRunning";
            /** @description The job is paused; in their order */
            pauses?: {
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00Z
                 */
                from: string;
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00Z
                 */
                to: string;
            }[];
            /**
             * @description How long each call takes
             * @default PT1S
             * @example PT1S
             */
            runDuration?: string;
            schedule: components["schemas"]["ScheduleInput"];
            /**
             * Format: date-time
             * @description Inclusive; default a day later
             * @example 2026-03-02T12:00:00Z
             */
            to?: string;
        };
        /**
         * @example {
         *       "from": "2026-03-02T08:00:00.000Z",
         *       "to": "2026-03-02T08:01:00.000Z",
         *       "resolution": "PT1M",
         *       "rolledUpTo": "2026-03-02T09:12:00.000Z",
         *       "totals": {
         *         "runs": 3,
         *         "succeeded": 2,
         *         "failed": 0,
         *         "cancelled": 0,
         *         "skipped": 1,
         *         "open": 0,
         *         "reasons": {
         *           "overlap": 1
         *         }
         *       },
         *       "latenessMs": {
         *         "p50": 4,
         *         "p95": 12,
         *         "p99": 12,
         *         "max": 12,
         *         "objective": 1000,
         *         "withinObjective": 1
         *       },
         *       "durationMs": {
         *         "p50": 31,
         *         "p95": 84,
         *         "p99": 84,
         *         "max": 84
         *       },
         *       "buckets": [
         *         {
         *           "at": "2026-03-02T08:00:00.000Z",
         *           "succeeded": 2,
         *           "failed": 0,
         *           "cancelled": 0,
         *           "skipped": 1,
         *           "open": 0,
         *           "latenessMs": {
         *             "p50": 4,
         *             "p95": 12,
         *             "p99": 12,
         *             "max": 12
         *           },
         *           "durationMs": {
         *             "p50": 31,
         *             "p95": 84,
         *             "p99": 84,
         *             "max": 84
         *           }
         *         }
         *       ]
         *     }
         */
        Statistics: {
            /** @description Every one of the span, by `scheduledFor` */
            buckets: {
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                at: string;
                cancelled: number;
                durationMs: components["schemas"]["Percentiles"] | null;
                failed: number;
                latenessMs: components["schemas"]["Percentiles"] | null;
                /** @description Queued, held, running or between attempts */
                open: number;
                skipped: number;
                succeeded: number;
            }[];
            /** @description Of the last attempts of ended runs */
            durationMs: components["schemas"]["Percentiles"] | null;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            from: string;
            /** @description Start of the first attempt minus the due instant; null when nothing was started */
            latenessMs: {
                max: number;
                /** @description Within this the first attempt should start */
                objective: number;
                p50: number;
                p95: number;
                p99: number;
                /** @description The share that did */
                withinObjective: number;
            } | null;
            /**
             * @description Width of the buckets: minutes up to 6 hours, hours up to 14 days, days up to 366
             * @enum {string}
             */
            resolution: "PT1M" | "PT1H" | "P1D";
            /** @description Minutes before it are counted in advance, the younger ones from the ledger, of which ten minutes are looked at. Null before the first. */
            rolledUpTo: string | null;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            to: string;
            totals: {
                cancelled: number;
                failed: number;
                /** @description Queued, held, running or between attempts */
                open: number;
                /**
                 * @description Why runs were skipped, cancelled or failed
                 * @example {
                 *       "overlap": 2
                 *     }
                 */
                reasons: {
                    [key: string]: number;
                };
                runs: number;
                skipped: number;
                succeeded: number;
            };
        };
        /**
         * @example {
         *       "version": "0.1.0",
         *       "role": "all",
         *       "replicaId": "host-4711",
         *       "leader": {
         *         "replicaId": "host-4711",
         *         "self": true,
         *         "epoch": 1
         *       },
         *       "slots": {
         *         "count": 1,
         *         "next": [
         *           "2026-03-29T01:00:00.000Z"
         *         ]
         *       },
         *       "queue": {
         *         "waiting": 0,
         *         "running": 2
         *       },
         *       "clockOffsetMs": 3,
         *       "tzdb": "2026a",
         *       "degraded": [],
         *       "replicas": [
         *         {
         *           "replicaId": "host-4711",
         *           "role": "all",
         *           "version": "0.1.0",
         *           "startedAt": "2026-03-29T00:00:00.000Z",
         *           "seenAt": "2026-03-29T00:59:58.000Z",
         *           "leader": true
         *         }
         *       ],
         *       "reigns": [
         *         {
         *           "epoch": 1,
         *           "replicaId": "host-4711",
         *           "from": "2026-03-29T00:00:00.100Z",
         *           "to": null
         *         }
         *       ]
         *     }
         */
        System: {
            /** @description This host's clock minus the database's, which decides what is due. */
            clockOffsetMs: number;
            /** @description What does not work as it should right now; empty when all is well. */
            degraded: string[];
            /** @description The replica that plans; null when none is known. */
            leader: {
                epoch: number;
                replicaId: string;
                self: boolean;
            } | null;
            queue: {
                running: number;
                waiting: number;
            };
            /** @description Who led when: the last 50 reigns, the newest first. Without Redis every scheduler has one of its own. */
            reigns: {
                epoch: number;
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                from: string;
                replicaId: string;
                /** @description Null: it goes on. */
                to: string | null;
            }[];
            replicaId: string;
            /** @description Every process of the service that said within 30 s that it is there, the oldest first. */
            replicas: {
                /** @description Whether a reign of it goes on. */
                leader: boolean;
                replicaId: string;
                /** @enum {string} */
                role: "all" | "api" | "scheduler" | "worker";
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                seenAt: string;
                /**
                 * Format: date-time
                 * @example 2026-12-24T18:00:00.000Z
                 */
                startedAt: string;
                version: string;
            }[];
            /** @enum {string} */
            role: "all" | "api" | "scheduler" | "worker";
            slots: {
                count: number;
                /** @description The next slots that are armed on this replica. */
                next: string[];
            };
            /** @description The version of the time zone database in use. */
            tzdb: string;
            version: string;
        };
        /**
         * @example {
         *       "type": "basic",
         *       "username": "scheduler",
         *       "password": "********"
         *     }
         */
        TargetAuth: {
            /** @enum {string} */
            password: "********";
            /** @enum {string} */
            type: "basic";
            username: string;
        } | {
            /** @enum {string} */
            token: "********";
            /** @enum {string} */
            type: "bearer";
        } | {
            audience?: string;
            clientId: string;
            /** @enum {string} */
            clientSecret: "********";
            /** @enum {string} */
            credentialsIn: "header" | "body";
            scope?: string;
            /** Format: uri */
            tokenUrl: string;
            /** @enum {string} */
            type: "oauth2";
        } | {
            ca?: string;
            certificate: string;
            /** @enum {string} */
            privateKey: "********";
            /** @enum {string} */
            type: "mtls";
        };
        /**
         * @description How a call shows who it comes from. Sets the header `authorization`, but for `mtls`.
         * @example {
         *       "type": "basic",
         *       "username": "scheduler",
         *       "password": "correct horse battery staple"
         *     }
         */
        TargetAuthInput: {
            /** @description Read back as "********"; sent back so, it leaves the secret as it is */
            password: string;
            /** @enum {string} */
            type: "basic";
            /** @example scheduler */
            username: string;
        } | {
            /**
             * @description Read back as "********"; sent back so, it leaves the secret as it is
             * @example eyJhbGciOi.J9.c2ln
             */
            token: string;
            /** @enum {string} */
            type: "bearer";
        } | {
            audience?: string;
            /** @example carillon */
            clientId: string;
            /** @description Read back as "********"; sent back so, it leaves the secret as it is */
            clientSecret: string;
            /**
             * @description Where the token endpoint takes id and secret: HTTP basic authentication, or the form
             * @default header
             * @enum {string}
             */
            credentialsIn?: "header" | "body";
            /** @example reports:write */
            scope?: string;
            /**
             * Format: uri
             * @example https://login.example.com/oauth2/token
             */
            tokenUrl: string;
            /** @enum {string} */
            type: "oauth2";
        } | {
            /** @description PEM: what the target's certificate is trusted by, in place of the well-known authorities */
            ca?: string;
            /**
             * @description PEM; a chain has its own certificate first
             * @example -----BEGIN CERTIFICATE-----
             *     …
             *     -----END CERTIFICATE-----
             */
            certificate: string;
            /**
             * @description PEM, without a passphrase. Read back as "********"; sent back so, it leaves the secret as it is, as long as the certificate is the same
             * @example -----BEGIN PRIVATE KEY-----
             *     …
             *     -----END PRIVATE KEY-----
             */
            privateKey: string;
            /** @enum {string} */
            type: "mtls";
        };
        /** @description What is called. A text is the URL of a POST. */
        TargetInput: components["schemas"]["HttpTargetInput"] | string;
        /**
         * @example {
         *       "from": "2026-03-02T07:00:00.000Z",
         *       "to": "2026-03-02T08:00:00.000Z",
         *       "data": [
         *         {
         *           "host": "api.example.com",
         *           "state": "healthy",
         *           "runs": 120,
         *           "failed": 0,
         *           "attempts": 121,
         *           "durationMs": {
         *             "p50": 31,
         *             "p95": 84
         *           },
         *           "lastFailureAt": null,
         *           "lastError": null
         *         }
         *       ]
         *     }
         */
        Targets: {
            /** @description The worst first, 200 at most */
            data: {
                attempts: number;
                durationMs: {
                    p50: number;
                    p95: number;
                } | null;
                failed: number;
                /**
                 * @description With the port, where the URL names one
                 * @example api.example.com
                 */
                host: string;
                lastError: {
                    code: string;
                    message: string;
                } | null;
                lastFailureAt: string | null;
                runs: number;
                /**
                 * @description failing: a tenth of the runs failed; slow: the slowest twentieth took 5 s and longer; quiet: nothing was called
                 * @enum {string}
                 */
                state: "healthy" | "failing" | "slow" | "quiet";
            }[];
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            from: string;
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            to: string;
        };
        /**
         * @example {
         *       "outcome": "succeeded",
         *       "status": 200,
         *       "durationMs": 31,
         *       "timings": {
         *         "resolvedMs": 1,
         *         "connectedMs": 4,
         *         "firstByteMs": 30,
         *         "doneMs": 31
         *       },
         *       "request": {
         *         "method": "POST",
         *         "url": "https://example.com/hooks/report",
         *         "headers": {
         *           "content-type": "application/json",
         *           "carillon-test": "true"
         *         },
         *         "body": "{\"report\":\"trial\"}"
         *       },
         *       "response": {
         *         "status": 200,
         *         "headers": {
         *           "content-type": "text/plain"
         *         },
         *         "bodyExcerpt": "ok"
         *       },
         *       "error": null
         *     }
         */
        TargetTest: {
            durationMs: number;
            error: {
                /** @description Stable, for programs */
                code: string;
                message: string;
            } | null;
            /**
             * @description As an attempt would end
             * @enum {string}
             */
            outcome: "succeeded" | "failed" | "timedOut" | "cancelled";
            /** @description As it was sent, with secrets masked; null: there was none to send */
            request: {
                body: string | null;
                headers: {
                    [key: string]: string;
                };
                method: string;
                url: string;
            } | null;
            response: {
                bodyExcerpt: string;
                headers: {
                    [key: string]: string;
                };
                status: number;
            } | null;
            /** @description HTTP status of the answer */
            status: number | null;
            /** @description Milliseconds from its start; null: it did not happen, as with a connection that was kept */
            timings: {
                /** @description The connection was made, TLS included */
                connectedMs: number | null;
                /** @description The call was over */
                doneMs: number | null;
                /** @description The answer began */
                firstByteMs: number | null;
                /** @description The addresses of the target were known */
                resolvedMs: number | null;
            };
        };
        /**
         * @example {
         *       "target": "https://example.com/hooks/report",
         *       "body": {
         *         "report": "trial"
         *       }
         *     }
         */
        TargetTestInput: {
            /** @description Any JSON, in place of the target's body; absent or null: the target's */
            body?: unknown;
            /**
             * Format: uuid
             * @description Masks of secrets in the target stand for the secrets of this job
             */
            jobId?: string;
            target: components["schemas"]["TargetInput"];
        };
        /**
         * @example {
         *       "from": "2026-03-29T00:00:00.000Z",
         *       "to": "2026-03-29T02:00:00.000Z",
         *       "now": "2026-03-29T01:00:00.000Z",
         *       "resolution": "PT1M",
         *       "lanes": [
         *         {
         *           "jobId": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *           "jobName": "nightly-report",
         *           "timeZone": "Europe/Paris",
         *           "state": "active",
         *           "runs": [
         *             {
         *               "id": "0197a5d4-1e80-7a52-8d1e-6b0c9a4f3e21",
         *               "scheduledFor": "2026-03-29T00:30:00.000Z",
         *               "state": "succeeded",
         *               "reason": null,
         *               "durationMs": 31,
         *               "latenessMs": 4
         *             }
         *           ],
         *           "bands": null,
         *           "occurrences": [
         *             {
         *               "scheduledFor": "2026-03-29T01:30:00.000Z"
         *             }
         *           ],
         *           "occurrencesTruncated": false,
         *           "pauses": [],
         *           "clockChanges": [
         *             {
         *               "at": "2026-03-29T01:00:00.000Z",
         *               "before": "+01:00",
         *               "after": "+02:00"
         *             }
         *           ]
         *         }
         *       ],
         *       "page": {
         *         "nextCursor": null
         *       }
         *     }
         */
        Timeline: {
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            from: string;
            lanes: components["schemas"]["Lane"][];
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            now: string;
            page: components["schemas"]["PageInfo"];
            /**
             * @description Width of bands: minutes up to 2 hours, hours up to 6 days, 6 hours up to 31 days
             * @enum {string}
             */
            resolution: "PT1M" | "PT1H" | "PT6H";
            /**
             * Format: date-time
             * @example 2026-12-24T18:00:00.000Z
             */
            to: string;
        };
        /**
         * @example {
         *       "body": {
         *         "report": "again"
         *       }
         *     }
         */
        TriggerInput: {
            /** @description Any JSON, in place of the job's body; absent or null: the job's */
            body?: unknown;
        };
        /**
         * @example {
         *       "actor": {
         *         "kind": "key",
         *         "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11",
         *         "name": "deploy pipeline"
         *       },
         *       "role": "editor",
         *       "project": {
         *         "id": "0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a12",
         *         "name": "billing"
         *       },
         *       "auth": "keys",
         *       "expiresAt": null,
         *       "version": "0.1.0"
         *     }
         */
        Whoami: {
            actor: {
                /** @description The key's id, or who the token was made for (`sub`) */
                id: string | null;
                /** @enum {string} */
                kind: "open" | "key" | "token" | "root";
                /** @description The key's name */
                name: string | null;
            };
            /**
             * @description `open`: everyone who reaches the service may do everything; `keys`: it asks for a key or a token
             * @enum {string}
             */
            auth: "open" | "keys";
            /** @description When the key ends; null: never, or not known */
            expiresAt: string | null;
            /** @description The one that the request acts in */
            project: {
                /**
                 * Format: uuid
                 * @example 0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11
                 */
                id: string;
                name: string;
            };
            /** @enum {string} */
            role: "viewer" | "editor" | "admin" | "root";
            /** @description Of the service */
            version: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description `true` on an answer that was given before, to the first request with the `Idempotency-Key` */
        IdempotentReplayed: "true";
        /**
         * @description What is left of each limit (`r`), and for how many seconds (`t`)
         * @example "key";r=1199;t=60
         */
        RateLimit: string;
        /**
         * @description The limits: requests (`q`) in a window of seconds (`w`)
         * @example "key";q=1200;w=60
         */
        "RateLimit-Policy": string;
        /**
         * @description Seconds until the next request is welcome
         * @example 3
         */
        "Retry-After": number;
        /**
         * @description Requests in a window, of the limit that is nearest to its end
         * @example 1200
         */
        "X-RateLimit-Limit": number;
        /**
         * @description How many of them are left
         * @example 1199
         */
        "X-RateLimit-Remaining": number;
        /**
         * @description In how many seconds there are more
         * @example 60
         */
        "X-RateLimit-Reset": number;
    };
    pathItems: never;
}
export interface operations {
    listApiKeys: {
        parameters: {
            query?: {
                /** @description `page.nextCursor` of the page before; the other parameters must be the same as there */
                cursor?: string;
                /** @description Rows in a page */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of keys, newest first */
            200: {
                headers: {
                    /** @description The next page, `rel="next"`; absent on the last one */
                    link?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyPage"];
                };
            };
        };
    };
    createApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApiKeyInput"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    /** @description Path of what was made */
                    location: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewApiKey"];
                };
            };
        };
    };
    getApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
        };
    };
    revokeApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoked */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    rotateApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateInput"];
            };
        };
        responses: {
            /** @description The key in its place */
            201: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    /** @description Path of what was made */
                    location: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewApiKey"];
                };
            };
        };
    };
    getAttention: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sentence and the items */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Attention"];
                };
            };
        };
    };
    listAuditLog: {
        parameters: {
            query?: {
                /** @description Only what was done with this key (its id), or by whom the tokens name so (`sub`) */
                actorId?: string;
                /** @description `page.nextCursor` of the page before; the other parameters must be the same as there */
                cursor?: string;
                /** @description Earliest, inclusive */
                from?: string;
                /** @description Rows in a page */
                limit?: number;
                /** @description Only what was done to this job, run, project, key or secret */
                thingId?: string;
                /** @description Latest, inclusive */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of entries */
            200: {
                headers: {
                    /** @description The next page, `rel="next"`; absent on the last one */
                    link?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
        };
    };
    listCalendars: {
        parameters: {
            query?: {
                /** @description `page.nextCursor` of the page before; the other parameters must be the same as there */
                cursor?: string;
                /** @description Rows in a page */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of calendars */
            200: {
                headers: {
                    /** @description The next page, `rel="next"`; absent on the last one */
                    link?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CalendarPage"];
                };
            };
        };
    };
    createCalendar: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CalendarInput"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    /** @description Path of what was made */
                    location: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Calendar"];
                };
            };
        };
    };
    getCalendar: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the calendar */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The calendar */
            200: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Calendar"];
                };
            };
            /** @description Still as a tag of `If-None-Match` has it */
            304: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    putCalendar: {
        parameters: {
            query?: {
                /** @description Only says which jobs would move */
                dryRun?: boolean;
            };
            header?: never;
            path: {
                /** @description Id of the calendar */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CalendarInput"];
            };
        };
        responses: {
            /** @description The calendar, and which jobs moved */
            200: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CalendarChanged"];
                };
            };
        };
    };
    deleteCalendar: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the calendar */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateCalendar: {
        parameters: {
            query?: {
                /** @description Only says which jobs would move */
                dryRun?: boolean;
            };
            header?: never;
            path: {
                /** @description Id of the calendar */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CalendarPatch"];
                "application/merge-patch+json": components["schemas"]["CalendarPatch"];
            };
        };
        responses: {
            /** @description The calendar, and which jobs moved */
            200: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CalendarChanged"];
                };
            };
        };
    };
    importCalendar: {
        parameters: {
            query?: {
                /** @description Only says which jobs would move */
                dryRun?: boolean;
            };
            header?: never;
            path: {
                /** @description Id of the calendar */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "text/calendar": components["schemas"]["IcsSource"];
            };
        };
        responses: {
            /** @description The calendar, which jobs moved, and what was left behind */
            200: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CalendarImported"];
                };
            };
        };
    };
    getForecast: {
        parameters: {
            query?: {
                /** @description Inclusive; default now. Widened to a whole cell; what lies back, or farther ahead than is computed, has none */
                from?: string;
                /** @description Minutes reach 24 hours ahead, hours 7 days; a span may be as long */
                resolution?: "PT1M" | "PT1H";
                /** @description Exclusive; default 24 hours after the beginning */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The forecast */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Forecast"];
                };
            };
        };
    };
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Alive */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ready */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    getStartup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Started */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    listJobs: {
        parameters: {
            query?: {
                /** @description `page.nextCursor` of the page before; the other parameters must be the same as there */
                cursor?: string;
                /** @description `name:value`; repeat it for several, all of which must match */
                label?: string[];
                /** @description Rows in a page */
                limit?: number;
                /** @description Text in name, description or URL; case makes no difference. Under three letters in a row, a page may hold fewer rows than there are: go on to the next. */
                q?: string;
                /** @description `-` for descending; default newest first. Jobs without a next run come last either way. */
                sort?: "name" | "-name" | "nextRunAt" | "-nextRunAt" | "createdAt" | "-createdAt";
                /** @description Only jobs in this state */
                state?: "active" | "paused" | "completed";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of jobs */
            200: {
                headers: {
                    /** @description The next page, `rel="next"`; absent on the last one */
                    link?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobPage"];
                };
            };
        };
    };
    createJob: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JobInput"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    /** @description Path of what was made */
                    location: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    getJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job */
            200: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Still as a tag of `If-None-Match` has it */
            304: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    updateJob: {
        parameters: {
            query?: {
                /** @description Only says what would become of the job and of its next occurrences */
                dryRun?: boolean;
            };
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JobPatch"];
                "application/merge-patch+json": components["schemas"]["JobPatch"];
            };
        };
        responses: {
            /** @description The job as it is now, or would be */
            200: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedJob"];
                };
            };
        };
    };
    auditLedger: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AuditInput"];
            };
        };
        responses: {
            /** @description What was found */
            200: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LedgerAudit"];
                };
            };
        };
    };
    backfillJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BackfillInput"];
            };
        };
        responses: {
            /** @description What was planned, or would be */
            202: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Backfill"];
                };
            };
        };
    };
    explainInstant: {
        parameters: {
            query?: {
                /** @description The instant in question, past or to come, as an occurrence would have it; default now */
                at?: string;
            };
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What happened, or will */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
        };
    };
    listOccurrences: {
        parameters: {
            query?: {
                /** @description At most so many */
                count?: number;
                /** @description Exclusive; default now */
                from?: string;
            };
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The schedule and its occurrences */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobPreview"];
                };
            };
        };
    };
    editOccurrence: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
                /** @description The occurrence's own instant, also once it was moved */
                scheduledFor: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OccurrenceEditInput"];
            };
        };
        responses: {
            /** @description The occurrence as it will be */
            200: {
                headers: {
                    /** @description That of the job, for the next `If-Match` */
                    etag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Occurrence"];
                };
            };
        };
    };
    restoreOccurrence: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
                /** @description The occurrence's own instant, also once it was moved */
                scheduledFor: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As the schedule has it */
            204: {
                headers: {
                    /** @description That of the job, for the next `If-Match` */
                    etag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    pauseJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PauseInput"];
            };
        };
        responses: {
            /** @description The paused job */
            200: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    resumeJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NoContent"];
            };
        };
        responses: {
            /** @description The active job */
            200: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    revertJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RevertInput"];
            };
        };
        responses: {
            /** @description The job as it is now */
            200: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    listJobRevisions: {
        parameters: {
            query?: {
                /** @description `page.nextCursor` of the page before; the other parameters must be the same as there */
                cursor?: string;
                /** @description Rows in a page */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of versions */
            200: {
                headers: {
                    /** @description The next page, `rel="next"`; absent on the last one */
                    link?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobRevisionPage"];
                };
            };
        };
    };
    listJobRuns: {
        parameters: {
            query?: {
                /** @description `page.nextCursor` of the page before; the other parameters must be the same as there */
                cursor?: string;
                /** @description Earliest scheduledFor, inclusive */
                from?: string;
                /** @description Rows in a page */
                limit?: number;
                /** @description Only runs in this state. A page may hold fewer rows than there are: go on to the next. */
                state?: "queued" | "running" | "retrying" | "held" | "succeeded" | "failed" | "cancelled" | "skipped";
                /** @description Latest scheduledFor, inclusive */
                to?: string;
            };
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of runs */
            200: {
                headers: {
                    /** @description The next page, `rel="next"`; absent on the last one */
                    link?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunPage"];
                };
            };
        };
    };
    skipNextOccurrence: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NoContent"];
            };
        };
        responses: {
            /** @description The job with its new next run */
            200: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    triggerJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the job */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["TriggerInput"];
            };
        };
        responses: {
            /** @description The new run */
            202: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    /** @description Path of what was made */
                    location: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
        };
    };
    bulkJobs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BulkInput"];
            };
        };
        responses: {
            /** @description What became of each */
            200: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Bulk"];
                };
            };
        };
    };
    putJobByName: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the job */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NamedJobInput"];
            };
        };
        responses: {
            /** @description Replaced, or the same already */
            200: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Created */
            201: {
                headers: {
                    /** @description Strong tag of what is answered, for `If-Match` and `If-None-Match` */
                    etag?: string;
                    /** @description Path of what was made */
                    location: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    listRunStrips: {
        parameters: {
            query?: {
                /** @description Runs of each job */
                count?: number;
                /** @description Repeat it for several jobs; those that there are not are left out, and without it there is nothing to answer */
                jobId?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The last runs of each job */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunStrips"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics of this replica */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    listProjects: {
        parameters: {
            query?: {
                /** @description `page.nextCursor` of the page before; the other parameters must be the same as there */
                cursor?: string;
                /** @description Rows in a page */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of projects, newest first */
            200: {
                headers: {
                    /** @description The next page, `rel="next"`; absent on the last one */
                    link?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectPage"];
                };
            };
        };
    };
    createProject: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProjectInput"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    /** @description Path of what was made */
                    location: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
        };
    };
    getProject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the project */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The project */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectWithUse"];
                };
            };
        };
    };
    updateProject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the project */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProjectPatch"];
                "application/merge-patch+json": components["schemas"]["ProjectPatch"];
            };
        };
        responses: {
            /** @description The project as it is now */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
        };
    };
    exportJobSet: {
        parameters: {
            query?: {
                /** @description json and yaml can be sent back as they are */
                format?: "json" | "yaml" | "crontab";
            };
            header?: never;
            path: {
                /** @description Id or name of the project */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The jobs */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "jobs": [
                     *         {
                     *           "name": "nightly-report",
                     *           "description": "",
                     *           "labels": {
                     *             "team": "billing"
                     *           },
                     *           "schedule": {
                     *             "type": "cron",
                     *             "expression": "0 9 * * MON-FRI",
                     *             "timeZone": "Europe/Paris"
                     *           },
                     *           "target": {
                     *             "type": "http",
                     *             "method": "POST",
                     *             "url": "https://example.com/hooks/report",
                     *             "headers": {
                     *               "authorization": {
                     *                 "value": "********",
                     *                 "secret": true
                     *               }
                     *             },
                     *             "timeout": "PT30S",
                     *             "success": {
                     *               "statuses": [
                     *                 "2xx"
                     *               ]
                     *             }
                     *           },
                     *           "retry": {
                     *             "maxAttempts": 3,
                     *             "backoff": "exponential",
                     *             "initialDelay": "PT1S",
                     *             "maxDelay": "PT5M",
                     *             "maxElapsed": "PT1H"
                     *           },
                     *           "overlap": "allow",
                     *           "misfire": {
                     *             "policy": "runLast",
                     *             "grace": "PT10S",
                     *             "within": "PT1H",
                     *             "limit": 100
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["JobSet"];
                    "application/yaml": components["schemas"]["JobSet"];
                    "text/plain": string;
                };
            };
        };
    };
    putJobSet: {
        parameters: {
            query?: {
                /** @description Only says what would be done */
                dryRun?: boolean;
                /** @description Deletes the jobs that the set does not name */
                prune?: boolean;
            };
            header?: never;
            path: {
                /** @description Id or name of the project */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JobSet"];
                "application/yaml": components["schemas"]["JobSet"];
                "text/yaml": components["schemas"]["JobSet"];
            };
        };
        responses: {
            /** @description The plan, applied or not */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobSetPlan"];
                };
            };
        };
    };
    importJobs: {
        parameters: {
            query?: {
                /** @description Only says what would be done */
                dryRun?: boolean;
                /** @description Default: plain text is a crontab, the others are told by their members */
                format?: "crontab" | "kubernetes" | "eventbridge" | "cloud-scheduler";
                /** @description URL of a POST for what calls none in the other system (commands, containers, functions); `{{name}}` stands for the name of the job, percent-encoded */
                target?: string;
                /** @description IANA time zone of the crontab's machine or of the cluster, where the source names none; default UTC */
                timeZone?: string;
                /** @description A crontab with a column of users, as /etc/crontab */
                userColumn?: boolean;
            };
            header?: never;
            path: {
                /** @description Id or name of the project */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImportSource"];
                "application/yaml": components["schemas"]["ImportSource"];
                "text/plain": components["schemas"]["ImportSource"];
                "text/yaml": components["schemas"]["ImportSource"];
            };
        };
        responses: {
            /** @description The plan, applied or not, and what was left behind */
            200: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobImport"];
                };
            };
        };
    };
    listRuns: {
        parameters: {
            query?: {
                /** @description `page.nextCursor` of the page before; the other parameters must be the same as there */
                cursor?: string;
                /** @description Earliest scheduledFor, inclusive */
                from?: string;
                /** @description Only runs of this job */
                jobId?: string;
                /** @description Rows in a page */
                limit?: number;
                /** @description Only runs in this state. A page may hold fewer rows than there are: go on to the next. */
                state?: "queued" | "running" | "retrying" | "held" | "succeeded" | "failed" | "cancelled" | "skipped";
                /** @description Latest scheduledFor, inclusive */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of runs */
            200: {
                headers: {
                    /** @description The next page, `rel="next"`; absent on the last one */
                    link?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunPage"];
                };
            };
        };
    };
    getRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the run */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The run */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
        };
    };
    cancelRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the run */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NoContent"];
            };
        };
        responses: {
            /** @description The cancelled run */
            202: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
        };
    };
    replayRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the run */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NoContent"];
            };
        };
        responses: {
            /** @description The new run */
            202: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    /** @description Path of what was made */
                    location: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
        };
    };
    bulkRuns: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunBulkInput"];
            };
        };
        responses: {
            /** @description What became of each */
            200: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunBulk"];
                };
            };
        };
    };
    previewSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PreviewInput"];
            };
        };
        responses: {
            /** @description The schedule and its occurrences */
            200: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SchedulePreview"];
                };
            };
        };
    };
    simulateSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SimulationInput"];
            };
        };
        responses: {
            /** @description What becomes of each occurrence */
            200: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Simulation"];
                };
            };
        };
    };
    getSignIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The ways in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignIn"];
                };
            };
        };
    };
    listSigningSecrets: {
        parameters: {
            query?: {
                /** @description `page.nextCursor` of the page before; the other parameters must be the same as there */
                cursor?: string;
                /** @description Rows in a page */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of secrets, newest first */
            200: {
                headers: {
                    /** @description The next page, `rel="next"`; absent on the last one */
                    link?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SigningSecretPage"];
                };
            };
        };
    };
    createSigningSecret: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NoContent"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    /** @description Path of what was made */
                    location: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewSigningSecret"];
                };
            };
        };
    };
    getSigningSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the signing secret */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The secret */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SigningSecret"];
                };
            };
        };
    };
    revokeSigningSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the signing secret */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoked */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    rotateSigningSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the signing secret */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SigningRotateInput"];
            };
        };
        responses: {
            /** @description The secret in its place */
            201: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    /** @description Path of what was made */
                    location: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewSigningSecret"];
                };
            };
        };
    };
    getStatistics: {
        parameters: {
            query?: {
                /** @description Inclusive; widened to a whole bucket */
                from?: string;
                /** @description Only runs of this job */
                jobId?: string;
                /** @description Exclusive; widened to a whole bucket */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counts */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Statistics"];
                };
            };
        };
    };
    getSystem: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The state of this replica */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["System"];
                };
            };
        };
    };
    listTargets: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The hosts */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Targets"];
                };
            };
        };
    };
    testTarget: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TargetTestInput"];
            };
        };
        responses: {
            /** @description What came of the call */
            200: {
                headers: {
                    "idempotent-replayed": components["headers"]["IdempotentReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TargetTest"];
                };
            };
        };
    };
    getTimeline: {
        parameters: {
            query?: {
                /** @description `page.nextCursor` of the page before; the other parameters must be the same as there */
                cursor?: string;
                /** @description Inclusive; widened to a whole bucket */
                from?: string;
                /** @description Only these jobs, in this order; those that there are not are left out. Without it all, by name. */
                jobId?: string[];
                /** @description Lanes in a page */
                limit?: number;
                /** @description Exclusive; widened to a whole bucket */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of lanes */
            200: {
                headers: {
                    /** @description The next page, `rel="next"`; absent on the last one */
                    link?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Timeline"];
                };
            };
        };
    };
    whoami: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who sent the request */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    "X-RateLimit-Limit": components["headers"]["X-RateLimit-Limit"];
                    "X-RateLimit-Remaining": components["headers"]["X-RateLimit-Remaining"];
                    "X-RateLimit-Reset": components["headers"]["X-RateLimit-Reset"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Whoami"];
                };
            };
        };
    };
}

/** Where each operation is, and what it takes. */
export const OPERATIONS = {
  auditLedger: { method: 'POST', path: '/jobs/{id}/audit', contentType: 'application/json' },
  backfillJob: { method: 'POST', path: '/jobs/{id}/backfill', contentType: 'application/json' },
  bulkJobs: { method: 'POST', path: '/jobs/bulk', contentType: 'application/json' },
  bulkRuns: { method: 'POST', path: '/runs/bulk', contentType: 'application/json' },
  cancelRun: { method: 'POST', path: '/runs/{id}/cancel', contentType: 'application/json' },
  createApiKey: { method: 'POST', path: '/api-keys', contentType: 'application/json' },
  createCalendar: { method: 'POST', path: '/calendars', contentType: 'application/json' },
  createJob: { method: 'POST', path: '/jobs', contentType: 'application/json' },
  createProject: { method: 'POST', path: '/projects', contentType: 'application/json' },
  createSigningSecret: { method: 'POST', path: '/signing-secrets', contentType: 'application/json' },
  deleteCalendar: { method: 'DELETE', path: '/calendars/{id}', contentType: null },
  deleteJob: { method: 'DELETE', path: '/jobs/{id}', contentType: null },
  editOccurrence: { method: 'PUT', path: '/jobs/{id}/occurrences/{scheduledFor}', contentType: 'application/json' },
  explainInstant: { method: 'GET', path: '/jobs/{id}/explain', contentType: null },
  exportJobSet: { method: 'GET', path: '/projects/{id}/jobs', contentType: null },
  getApiKey: { method: 'GET', path: '/api-keys/{id}', contentType: null },
  getAttention: { method: 'GET', path: '/attention', contentType: null },
  getCalendar: { method: 'GET', path: '/calendars/{id}', contentType: null },
  getForecast: { method: 'GET', path: '/forecast', contentType: null },
  getJob: { method: 'GET', path: '/jobs/{id}', contentType: null },
  getLiveness: { method: 'GET', path: '/health/live', contentType: null },
  getMetrics: { method: 'GET', path: '/metrics', contentType: null },
  getProject: { method: 'GET', path: '/projects/{id}', contentType: null },
  getReadiness: { method: 'GET', path: '/health/ready', contentType: null },
  getRun: { method: 'GET', path: '/runs/{id}', contentType: null },
  getSignIn: { method: 'GET', path: '/sign-in', contentType: null },
  getSigningSecret: { method: 'GET', path: '/signing-secrets/{id}', contentType: null },
  getStartup: { method: 'GET', path: '/health/startup', contentType: null },
  getStatistics: { method: 'GET', path: '/statistics', contentType: null },
  getSystem: { method: 'GET', path: '/system', contentType: null },
  getTimeline: { method: 'GET', path: '/timeline', contentType: null },
  importCalendar: { method: 'POST', path: '/calendars/{id}/import', contentType: 'text/calendar' },
  importJobs: { method: 'POST', path: '/projects/{id}/jobs/import', contentType: 'application/json' },
  listApiKeys: { method: 'GET', path: '/api-keys', contentType: null },
  listAuditLog: { method: 'GET', path: '/audit-log', contentType: null },
  listCalendars: { method: 'GET', path: '/calendars', contentType: null },
  listJobRevisions: { method: 'GET', path: '/jobs/{id}/revisions', contentType: null },
  listJobRuns: { method: 'GET', path: '/jobs/{id}/runs', contentType: null },
  listJobs: { method: 'GET', path: '/jobs', contentType: null },
  listOccurrences: { method: 'GET', path: '/jobs/{id}/occurrences', contentType: null },
  listProjects: { method: 'GET', path: '/projects', contentType: null },
  listRunStrips: { method: 'GET', path: '/jobs/strips', contentType: null },
  listRuns: { method: 'GET', path: '/runs', contentType: null },
  listSigningSecrets: { method: 'GET', path: '/signing-secrets', contentType: null },
  listTargets: { method: 'GET', path: '/targets', contentType: null },
  pauseJob: { method: 'POST', path: '/jobs/{id}/pause', contentType: 'application/json' },
  previewSchedule: { method: 'POST', path: '/schedules/preview', contentType: 'application/json' },
  putCalendar: { method: 'PUT', path: '/calendars/{id}', contentType: 'application/json' },
  putJobByName: { method: 'PUT', path: '/jobs/by-name/{name}', contentType: 'application/json' },
  putJobSet: { method: 'PUT', path: '/projects/{id}/jobs', contentType: 'application/json' },
  replayRun: { method: 'POST', path: '/runs/{id}/replay', contentType: 'application/json' },
  restoreOccurrence: { method: 'DELETE', path: '/jobs/{id}/occurrences/{scheduledFor}', contentType: null },
  resumeJob: { method: 'POST', path: '/jobs/{id}/resume', contentType: 'application/json' },
  revertJob: { method: 'POST', path: '/jobs/{id}/revert', contentType: 'application/json' },
  revokeApiKey: { method: 'DELETE', path: '/api-keys/{id}', contentType: null },
  revokeSigningSecret: { method: 'DELETE', path: '/signing-secrets/{id}', contentType: null },
  rotateApiKey: { method: 'POST', path: '/api-keys/{id}/rotate', contentType: 'application/json' },
  rotateSigningSecret: { method: 'POST', path: '/signing-secrets/{id}/rotate', contentType: 'application/json' },
  simulateSchedule: { method: 'POST', path: '/schedules/simulate', contentType: 'application/json' },
  skipNextOccurrence: { method: 'POST', path: '/jobs/{id}/skip-next', contentType: 'application/json' },
  testTarget: { method: 'POST', path: '/targets/test', contentType: 'application/json' },
  triggerJob: { method: 'POST', path: '/jobs/{id}/trigger', contentType: 'application/json' },
  updateCalendar: { method: 'PATCH', path: '/calendars/{id}', contentType: 'application/merge-patch+json' },
  updateJob: { method: 'PATCH', path: '/jobs/{id}', contentType: 'application/merge-patch+json' },
  updateProject: { method: 'PATCH', path: '/projects/{id}', contentType: 'application/merge-patch+json' },
  whoami: { method: 'GET', path: '/whoami', contentType: null },
} as const;

/** The kinds of refusal that the service knows. */
export type ProblemCode =
  | 'body_too_large'
  | 'calendar_in_use'
  | 'forbidden'
  | 'headers_too_large'
  | 'idempotency_key_in_use'
  | 'idempotency_key_reused'
  | 'internal'
  | 'invalid'
  | 'invalid_parameter'
  | 'malformed_json'
  | 'malformed_yaml'
  | 'name_taken'
  | 'not_found'
  | 'precondition_failed'
  | 'quota_exceeded'
  | 'rate_limited'
  | 'schedule_never_fires'
  | 'too_many_streams'
  | 'too_many_tests'
  | 'unauthenticated'
  | 'unavailable'
  | 'unsupported_media_type'
  | 'uri_too_long'
  | 'wrong_state';
