import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { describeApi } from './document.js';

/** Swagger UI at `/docs` from files of ours, and the document at `/openapi.json`; made when first asked for. */
export function serveDocs(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => describeApi(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Carillon API',
    swaggerOptions: { validatorUrl: 'none', displayRequestDuration: true, persistAuthorization: false },
  });
}
