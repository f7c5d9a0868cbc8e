import type { components, operations, OPERATIONS } from './generated.js';

export type OperationId = keyof typeof OPERATIONS & keyof operations;

export type Schemas = components['schemas'];

type PartOf<Id extends OperationId, Place extends 'path' | 'query'> = operations[Id]['parameters'] extends infer P
  ? P extends { [Key in Place]?: infer Values }
    ? [NonNullable<Values>] extends [never]
      ? unknown
      : NonNullable<Values>
    : unknown
  : never;

type ContentOf<Carrier> = Carrier extends { content: infer Content } ? Content[keyof Content] : never;

type BodyOf<Id extends OperationId> = operations[Id] extends { requestBody: infer Body }
  ? { body: ContentOf<Body> }
  : operations[Id] extends { requestBody?: infer Body }
    ? [NonNullable<Body>] extends [never]
      ? unknown
      : { body?: ContentOf<NonNullable<Body>> }
    : unknown;

type Flat<T> = { [Key in keyof T]: T[Key] };

/** What an operation takes: the parameters of its path and query by their names, and its `body`. */
export type Input<Id extends OperationId> = Flat<PartOf<Id, 'path'> & PartOf<Id, 'query'> & BodyOf<Id>>;

type Successes<Id extends OperationId> = operations[Id]['responses'];

/** What an operation answers; nothing where there is no content. */
export type Output<Id extends OperationId> = {
  [Status in keyof Successes<Id>]: Successes<Id>[Status] extends { content: infer Content }
    ? Content[keyof Content]
    : undefined;
}[keyof Successes<Id>];

/** The rows of operations that answer pages. */
export type Row<Id extends OperationId> = Output<Id> extends { data: (infer Item)[]; page: unknown } ? Item : never;

export type PagedId = {
  [Id in OperationId]: [Row<Id>] extends [never] ? never : Id;
}[OperationId];

/** Arguments of an operation: where nothing is needed, nothing need be given. */
export type Arguments<Id extends OperationId, Options> =
  Partial<Input<Id>> extends Input<Id> ? [input?: Input<Id>, options?: Options] : [input: Input<Id>, options?: Options];
