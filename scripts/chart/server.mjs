// `npm run check:chart -- --server`: installs the chart on a real control plane (etcd and kube-apiserver, built from their modules:
// long, the first time) in a namespace where Pod Security enforces `restricted`. There are no nodes and no controllers: what is tried
// is what the server takes, what Helm does over install, upgrade, test hooks and uninstall, and that generated keys stay.
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chart } from './golden.mjs';
import { cache, run, serverPrograms, tool } from './tools.mjs';

const NAMESPACE = 'carillon';
const TOKEN = 'a-token-of-this-run';

/** One line for each thing that is not as it should be. */
export async function installOnServer() {
  const problems = [];
  const expect = (isSo, problem) => isSo || problems.push(problem);
  const server = await startServer();
  try {
    const { api, helm } = server;
    await api('POST', '/api/v1/namespaces', {
      metadata: {
        name: NAMESPACE,
        labels: {
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/enforce-version': 'latest',
          'pod-security.kubernetes.io/warn': 'restricted',
        },
      },
    });
    const secret = async (name = 'example-carillon') =>
      (await api('GET', `/api/v1/namespaces/${NAMESPACE}/secrets/${name}`)).body.data;
    const templateOf = async (path) =>
      (await api('GET', `/apis/apps/v1/namespaces/${NAMESPACE}/${path}`)).body.spec?.template;

    for (const name of ['helm', 'helm3']) {
      const evaluation = ['-f', join(chart, 'ci/evaluation-values.yaml')];
      const installed = helm(name, ['install', 'example', chart, ...evaluation]);
      expect(installed.status === 0, `${name} install: ${installed.output}`);
      expect(!/warning/i.test(installed.output), `${name} install warns: ${installed.output}`);
      expect(/helm -n carillon test example/.test(installed.stdout), `${name} shows no notes`);
      const [keys, template] = [await secret(), await templateOf('deployments/example-carillon-all')];
      expect(keys?.ENCRYPTION_KEYS !== undefined, `${name}: no generated keys`);

      const upgraded = helm(name, ['upgrade', 'example', chart, ...evaluation]);
      expect(upgraded.status === 0, `${name} upgrade: ${upgraded.output}`);
      expect(JSON.stringify(await secret()) === JSON.stringify(keys), `${name}: generated keys changed by an upgrade`);
      const same = JSON.stringify(await templateOf('deployments/example-carillon-all')) === JSON.stringify(template);
      expect(same, `${name}: an upgrade that changes nothing starts replicas anew`);

      const more = [...evaluation, '--set', 'settings.HORIZON=90s'];
      helm(name, ['upgrade', 'example', chart, ...more]);
      const changed = await templateOf('deployments/example-carillon-all');
      const sum = 'checksum/settings';
      expect(
        changed.metadata.annotations[sum] !== template.metadata.annotations[sum],
        `${name}: a setting starts no replica anew`,
      );

      // The server admits what a controller would create.
      for (const path of [
        'deployments/example-carillon-all',
        'statefulsets/example-carillon-postgresql',
        'statefulsets/example-carillon-valkey',
      ]) {
        const { metadata, spec } = await templateOf(path);
        const volumes = [
          ...(spec.volumes ?? []),
          ...(/statefulsets/.test(path) ? [{ name: 'data', emptyDir: {} }] : []),
        ];
        const pod = { metadata: { ...metadata, generateName: 'pod-' }, spec: { ...spec, volumes } };
        const { status, body } = await api('POST', `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`, pod);
        expect(status === 201, `${name}: a pod of ${path} is not admitted: ${body.message}`);
      }

      const gone = helm(name, ['uninstall', 'example']);
      expect(gone.status === 0, `${name} uninstall: ${gone.output}`);
      expect(JSON.stringify(await secret()) === JSON.stringify(keys), `${name}: uninstalling took the keys`);
      const again = helm(name, ['install', 'example', chart, ...evaluation]);
      expect(again.status === 0, `${name} installs no second time: ${again.output}`);
      expect((await secret()).ENCRYPTION_KEYS === keys?.ENCRYPTION_KEYS, `${name}: other keys after installing again`);
      helm(name, ['uninstall', 'example']);
      await api('DELETE', `/api/v1/namespaces/${NAMESPACE}/secrets/example-carillon`);

      problems.push(...(await installWithHook(name, server)));
    }
  } finally {
    await server.stop();
  }
  return problems;
}

/** In the place of a kubelet, this says of the hook's Job that it is done, once all that the Job names is there. */
async function installWithHook(name, { api, helmBeside }) {
  const problems = [];
  const installing = helmBeside(name, ['install', 'hooked', chart, '-f', join(chart, 'ci/job-url-values.yaml')]);
  const path = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs/hooked-carillon-migrate`;
  let job;
  for (let look = 0; look < 100 && job?.status !== 200; look += 1) {
    await sleep(200);
    job = await api('GET', path);
  }
  if (job?.status !== 200) return [`${name}: the hook's Job does not come: ${(await installing).output}`];
  const { metadata, spec } = job.body.spec.template;
  const { status, body } = await api('POST', `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`, {
    metadata: { ...metadata, generateName: 'pod-' },
    spec,
  });
  if (status !== 201) problems.push(`${name}: a pod of the hook's Job is not admitted: ${body.message}`);
  const wanted = spec.containers[0].env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name).filter(Boolean);
  for (const secret of wanted) {
    const { status: found } = await api('GET', `/api/v1/namespaces/${NAMESPACE}/secrets/${secret}`);
    if (found !== 200) problems.push(`${name}: ${secret} is not there when the hook's Job begins`);
  }
  const { status: early } = await api('GET', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/hooked-carillon-all`);
  if (early !== 404) problems.push(`${name}: replicas are there before the hook's Job has ended`);
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const condition = (type) => ({ type, status: 'True', lastProbeTime: now, lastTransitionTime: now });
  const done = await api('PUT', `${path}/status`, {
    ...job.body,
    status: {
      ...{ startTime: now, completionTime: now, succeeded: 1, uncountedTerminatedPods: {} },
      conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
    },
  });
  if (done.status !== 200) problems.push(`the Job can't be ended: ${done.body.message}`);
  const { status: code, output } = await installing;
  if (code !== 0) problems.push(`${name} install with the hook: ${output}`);
  const left = await api('GET', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/hooked-carillon-all`);
  if (left.status !== 200) problems.push(`${name}: no replicas after the hook`);
  return problems;
}

async function startServer() {
  const { etcd, apiserver } = serverPrograms();
  const work = join(cache, `server-${process.pid}`);
  mkdirSync(work, { recursive: true });
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  writeFileSync(join(work, 'key.pem'), privateKey);
  writeFileSync(join(work, 'public.pem'), publicKey);
  writeFileSync(join(work, 'tokens.csv'), `${TOKEN},admin,admin,system:masters\n`);
  const url = `https://127.0.0.1:${port}`;
  writeFileSync(join(work, 'kubeconfig'), kubeconfig(url));
  const start = (program, args) => spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  const children = [
    start(etcd, [
      ...['--data-dir', join(work, 'etcd'), '--listen-client-urls', `http://127.0.0.1:${etcdPort}`],
      ...['--advertise-client-urls', `http://127.0.0.1:${etcdPort}`, '--unsafe-no-fsync'],
      ...[
        '--listen-peer-urls',
        `http://127.0.0.1:${peerPort}`,
        '--initial-cluster',
        `default=http://127.0.0.1:${peerPort}`,
      ],
      ...['--initial-advertise-peer-urls', `http://127.0.0.1:${peerPort}`],
    ]),
    start(apiserver, [
      ...[`--etcd-servers=http://127.0.0.1:${etcdPort}`, '--bind-address=127.0.0.1', `--secure-port=${port}`],
      ...[`--cert-dir=${join(work, 'certificates')}`, '--service-cluster-ip-range=10.0.0.0/16'],
      ...['--authorization-mode=RBAC', `--token-auth-file=${join(work, 'tokens.csv')}`],
      ...[
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-key-file=${join(work, 'public.pem')}`,
      ],
      ...[`--service-account-signing-key-file=${join(work, 'key.pem')}`, '--advertise-address=127.0.0.1'],
    ]),
  ];
  const stop = async () => {
    for (const child of children.reverse()) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null)
        await new Promise((resolve) => child.on('exit', resolve));
    }
    rmSync(work, { recursive: true, force: true });
  };
  const config = ['--kubeconfig', join(work, 'kubeconfig'), '--namespace', NAMESPACE];
  const api = (method, path, body) => call(url, method, path, body);
  try {
    await ready(api, children);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    api,
    stop,
    helm: (name, args) => run(tool(name), [...args, ...config]),
    helmBeside: (name, args) => beside(tool(name), [...args, ...config]),
  };
}

async function ready(api, children) {
  for (let look = 0; look < 240; look += 1) {
    if (children.some(({ exitCode }) => exitCode !== null))
      throw new Error('etcd or kube-apiserver ended at its start');
    const answer = await api('GET', '/readyz').catch(() => null);
    if (answer?.status === 200) return;
    await sleep(500);
  }
  throw new Error('kube-apiserver is not ready after two minutes');
}

/** By curl, for the server signs its certificate itself. */
async function call(url, method, path, body) {
  const args = ['--silent', '--insecure', '--max-time', '20', '--request', method, '--write-out', '\n%{http_code}'];
  const headers = ['--header', `authorization: Bearer ${TOKEN}`, '--header', 'content-type: application/json'];
  const input = body === undefined ? [] : ['--data-binary', '@-'];
  const { stdout } = spawnSync('curl', [...args, ...headers, ...input, url + path], {
    encoding: 'utf8',
    input: body === undefined ? undefined : JSON.stringify(body),
    maxBuffer: 1 << 26,
  });
  const end = stdout.lastIndexOf('\n');
  const text = stdout.slice(0, end);
  return { status: Number(stdout.slice(end + 1)), body: /^\s*\{/.test(text) ? JSON.parse(text) : text };
}

function beside(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  return new Promise((resolve) => child.on('exit', (status) => resolve({ status, output })));
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function kubeconfig(url) {
  const named = (name, kind, value) => ({ name, [kind]: value });
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [named('here', 'cluster', { server: url, 'insecure-skip-tls-verify': true })],
    users: [named('admin', 'user', { token: TOKEN })],
    contexts: [named('here', 'context', { cluster: 'here', user: 'admin' })],
  });
}
