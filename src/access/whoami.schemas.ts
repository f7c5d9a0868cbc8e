import { z } from 'zod';
import { KEY_ROLES } from '../domain/access.js';
import { IdText, InstantText } from '../platform/contract/values.schema.js';

const AUTHS = ['open', 'keys'] as const;
const AUTH_TEXT = '`open`: everyone who reaches the service may do everything; `keys`: it asks for a key or a token';

export const WhoamiView = z
  .strictObject({
    actor: z.strictObject({
      kind: z.enum(['open', 'key', 'token', 'root']),
      id: z.string().nullable().meta({ description: "The key's id, or who the token was made for (`sub`)" }),
      name: z.string().nullable().meta({ description: "The key's name" }),
    }),
    role: z.enum([...KEY_ROLES, 'root']),
    project: z.strictObject({ id: IdText, name: z.string() }).meta({ description: 'The one that the request acts in' }),
    auth: z.enum(AUTHS).meta({ description: AUTH_TEXT }),
    expiresAt: InstantText.nullable().meta({ description: 'When the key ends; null: never, or not known' }),
    version: z.string().meta({ description: 'Of the service' }),
  })
  .meta({
    id: 'Whoami',
    example: {
      actor: { kind: 'key', id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a11', name: 'deploy pipeline' },
      role: 'editor',
      project: { id: '0197a5d0-7c1f-7b3e-9c60-4f3f1f1d2a12', name: 'billing' },
      auth: 'keys',
      expiresAt: null,
      version: '0.1.0',
    },
  });
export type WhoamiView = z.infer<typeof WhoamiView>;

export const SignInView = z
  .strictObject({
    auth: z.enum(AUTHS).meta({ description: AUTH_TEXT }),
    oidc: z
      .strictObject({
        issuer: z.string(),
        clientId: z.string(),
        scopes: z.array(z.string()),
        audience: z.string().meta({ description: 'That the token must be made for' }),
        bearer: z
          .enum(['access', 'id'])
          .meta({ description: 'Which of the tokens is sent as `Authorization: Bearer`' }),
        authorizationEndpoint: z.string(),
        tokenEndpoint: z.string(),
        endSessionEndpoint: z.string().nullable(),
      })
      .nullable()
      .meta({ description: 'Code flow with PKCE, as a public client; null: with an API key alone' }),
  })
  .meta({
    id: 'SignIn',
    example: {
      auth: 'keys',
      oidc: {
        issuer: 'https://login.example.com',
        clientId: 'carillon-dashboard',
        scopes: ['openid'],
        audience: 'carillon',
        bearer: 'access',
        authorizationEndpoint: 'https://login.example.com/authorize',
        tokenEndpoint: 'https://login.example.com/token',
        endSessionEndpoint: null,
      },
    },
  });
export type SignInView = z.infer<typeof SignInView>;
