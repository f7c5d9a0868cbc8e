// A trivial route of Nest on Fastify. Its decorators are called by hand: this file is not compiled.
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

class TrivialController {
  read() {
    return { id: '019-baseline', name: 'a job', state: 'active', labels: { team: 'billing' } };
  }
}
Get('/json')(TrivialController.prototype, 'read', Object.getOwnPropertyDescriptor(TrivialController.prototype, 'read'));
Controller()(TrivialController);

class TrivialModule {}
Module({ controllers: [TrivialController] })(TrivialModule);

process.on('message', async ({ id }) => {
  const app = await NestFactory.create(TrivialModule, new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  process.send({ id, answer: { url: `http://127.0.0.1:${app.getHttpServer().address().port}` } });
});
process.on('disconnect', () => process.exit());
