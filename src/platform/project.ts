import { createParamDecorator } from '@nestjs/common';

/** The project `default`, where everything lies while the service is open. */
export const DEFAULT_PROJECT_ID = '00000000-0000-7000-8000-000000000001';

/** The project that a request acts in. The only place that says so: access control will decide it here. */
export const ProjectId = createParamDecorator((): string => DEFAULT_PROJECT_ID);
