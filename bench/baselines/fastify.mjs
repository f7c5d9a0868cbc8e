// What the parts can do: a bare Fastify that answers JSON, reads a row by its key, writes a row of some 600 bytes.
import Fastify from 'fastify';
import pg from 'pg';

const ROWS = 10_000;
const PAYLOAD = 'x'.repeat(560);
const app = Fastify({ logger: false, forceCloseConnections: true });
let pool;
let written = 0;

app.get('/json', async () => ({ id: '019-baseline', name: 'a job', state: 'active', labels: { team: 'billing' } }));
app.get('/select/:key', async ({ params }) => {
  const { rows } = await pool.query({
    name: 'baseline-select',
    text: 'SELECT id, payload FROM baseline_rows WHERE id = $1',
    values: [Number(params.key) % ROWS],
  });
  return rows[0];
});
app.post('/insert', async ({ body }, reply) => {
  written += 1;
  const text = 'INSERT INTO baseline_writes (id, name, payload) VALUES (gen_random_uuid(), $1, $2) RETURNING id';
  const { rows } = await pool.query({ name: 'baseline-insert', text, values: [body.name, PAYLOAD] });
  return reply.code(201).send(rows[0]);
});

process.on('message', async ({ id, ask, databaseUrl }) => {
  if (ask === 'start') {
    pool = new pg.Pool({ connectionString: databaseUrl, max: 20 });
    await pool.query('CREATE TABLE baseline_rows (id integer PRIMARY KEY, payload text NOT NULL)');
    await pool.query('CREATE TABLE baseline_writes (id uuid PRIMARY KEY, name text NOT NULL, payload text NOT NULL)');
    await pool.query('INSERT INTO baseline_rows SELECT n, $1 FROM generate_series(0, $2::int - 1) AS n', [
      PAYLOAD,
      ROWS,
    ]);
    process.send({ id, answer: { url: await app.listen({ port: 0, host: '127.0.0.1' }) } });
  } else process.send({ id, answer: { written } });
});
process.on('disconnect', () => process.exit());
