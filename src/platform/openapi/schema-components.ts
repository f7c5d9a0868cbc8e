import type { OpenAPIObject, SwaggerDocumentOptions } from '@nestjs/swagger';
import { z } from 'zod';

type Side = 'input' | 'output';
type JsonSchema = Record<string, unknown>;

const PLACEHOLDER = /#\/(?:\$defs|components\/schemas)\/([\w.-]+?)(?:@(input|output))?$/;

/**
 * Turns zod schemas into components, named by their `meta({ id })`. What a client sends and what it gets can differ for
 * one schema (defaults make members optional on the way in): then the way in is named `…Input`.
 */
export class SchemaComponents {
  readonly converter: SwaggerDocumentOptions['standardSchemaConverter'] = (schema, { schemaType }) =>
    schema instanceof z.ZodType ? this.convert(schema, schemaType) : undefined;

  /** Schemas that take nothing at all too, by their place in the document. */
  private readonly optional = new Set<string>();

  /** Tells whether a body of this schema may be left out. */
  mayBeAbsent(reference: string): boolean {
    return this.optional.has(reference);
  }

  private convert(schema: z.ZodType, side: Side): { schema: JsonSchema; components: Record<string, JsonSchema> } {
    const {
      $defs = {},
      $schema: _,
      ...root
    } = z.toJSONSchema(schema, { io: side, unrepresentable: 'any', override: dropSafeBounds }) as JsonSchema;
    const components = Object.entries($defs as Record<string, JsonSchema>).map(
      ([name, definition]): [string, JsonSchema] => [
        `${name}@${side}`,
        rename(definition, (given) => `${given}@${side}`),
      ],
    );
    const converted = rename(root, (given) => `${given}@${side}`);
    const reference = converted['$ref'];
    if (typeof reference === 'string' && schema.safeParse(undefined).success) this.optional.add(reference);
    return { schema: converted, components: Object.fromEntries(components) };
  }

  /** The document with its components under their final names, in alphabetical order. */
  named(document: OpenAPIObject): OpenAPIObject {
    const schemas = (document.components?.schemas ?? {}) as Record<string, JsonSchema>;
    const names = finalNames(schemas);
    const final = (given: string) => names.get(given) ?? given;
    const renamed = Object.keys(schemas).map((given) => [final(given), rename(schemas[given] ?? {}, final)] as const);
    renamed.sort(([one], [other]) => (one < other ? -1 : 1));
    const { components, ...rest } = document;
    return {
      ...rename(rest, final),
      components: { ...components, schemas: Object.fromEntries(renamed) },
    };
  }
}

function finalNames(schemas: Readonly<Record<string, JsonSchema>>): Map<string, string> {
  const names = new Map<string, string>();
  const plain = (given: string) => given.replace(/@(input|output)$/, '');
  for (const given of Object.keys(schemas)) {
    const name = plain(given);
    const other = schemas[given.endsWith('@input') ? `${name}@output` : `${name}@input`];
    const same = other === undefined || sameSchema(schemas[given], other, plain);
    names.set(given, same || given.endsWith('@output') ? name : `${name}Input`);
  }
  return names;
}

function sameSchema(one: JsonSchema | undefined, other: JsonSchema, plain: (name: string) => string): boolean {
  return JSON.stringify(rename(one ?? {}, plain)) === JSON.stringify(rename(other, plain));
}

/** That a number is exact in JavaScript need not be said of each. */
function dropSafeBounds({ jsonSchema }: { jsonSchema: { minimum?: number; maximum?: number } }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
}

/** A copy with each reference to a component renamed. */
function rename<Value>(value: Value, nameOf: (given: string) => string): Value {
  if (Array.isArray(value)) return value.map((item: unknown) => rename(item, nameOf)) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]: [string, unknown]) => {
      if (key !== '$ref' || typeof member !== 'string') return [key, rename(member, nameOf)];
      const [, name, side] = PLACEHOLDER.exec(member) ?? [];
      return [
        key,
        name === undefined ? member : `#/components/schemas/${nameOf(side === undefined ? name : `${name}@${side}`)}`,
      ];
    }),
  ) as Value;
}
