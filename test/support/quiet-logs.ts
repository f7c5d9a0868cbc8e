import { Logger } from '@nestjs/common';

// What the service says while it is tortured would bury what the tests say. Spies on a logger see it all the same.
Logger.overrideLogger(false);
