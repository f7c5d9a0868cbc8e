// What linters of Kubernetes objects look for, said of all objects of a rendering together: the defaults of kube-linter and the
// dangers of polaris (by the names that these give them), neither of which comes from a registry that every machine reaches, and
// what Pod Security asks of `restricted` pods.

/** One line for each thing that is wrong. Takes parsed objects. */
export function findings(objects) {
  const found = [];
  const seen = new Set();
  for (const object of objects) {
    const say = (check, text) => found.push(`${object.kind} ${object.metadata.name}: ${check}: ${text}`);
    const id = `${object.apiVersion} ${object.kind} ${object.metadata.name}`;
    if (seen.has(id)) say('duplicate-object', 'is there twice');
    seen.add(id);
    if (!object.metadata.namespace) say('namespace', 'names none');
    const pod = podOf(object);
    if (pod) lookAtPod(pod, object, objects, say);
    LOOKS[object.kind]?.(object, objects, say);
  }
  return found;
}

export function podOf({ kind, metadata, spec }) {
  if (kind === 'Pod') return { labels: metadata.labels, spec };
  return spec?.template?.spec ? { labels: spec.template.metadata.labels, spec: spec.template.spec } : null;
}

export function containersOf({ spec }) {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

function lookAtPod(pod, object, objects, say) {
  const { spec } = pod;
  const context = spec.securityContext ?? {};
  for (const name of ['hostIPC', 'hostPID', 'hostNetwork']) if (spec[name]) say(name, 'is set');
  if (spec.automountServiceAccountToken !== false) say('automountServiceAccountToken', 'is not false');
  if (context.seccompProfile?.type !== 'RuntimeDefault') say('restricted', 'has no seccomp profile');
  if (context.sysctls) say('unsafe-sysctls', 'are set');
  const account = spec.serviceAccountName;
  if (!account || account === 'default') say('default-service-account', 'is used');
  else if (!objects.some(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === account)) {
    say('non-existent-service-account', account);
  }
  for (const volume of spec.volumes ?? []) {
    if (volume.hostPath) say('sensitive-host-mounts', volume.name);
    if (volume.emptyDir && !volume.emptyDir.sizeLimit) say('restricted', `${volume.name} may grow without end`);
  }
  for (const container of containersOf(pod)) {
    lookAtContainer(container, (check, text) => say(check, `${container.name} ${text}`));
    lookAtReferences(container, object, objects, say);
  }
  const isServing = ['Deployment', 'StatefulSet'].includes(object.kind);
  for (const container of isServing ? spec.containers : []) lookAtProbes(container, say);
}

function lookAtContainer({ image, env = [], resources = {}, ports = [], securityContext: context = {} }, say) {
  if (!/(:(?!latest$)[^/]+|@sha256:[0-9a-f]{64})$/.test(image)) say('latest-tag', `runs ${image}`);
  if (context.privileged) say('privileged-container', 'is privileged');
  if (context.allowPrivilegeEscalation !== false) say('privilege-escalation-container', 'may escalate');
  if (context.readOnlyRootFilesystem !== true) say('no-read-only-root-fs', 'may write its root');
  if (context.runAsNonRoot !== true || !(context.runAsUser > 10_000)) say('run-as-non-root', 'has no uid above 10000');
  if (JSON.stringify(context.capabilities) !== '{"drop":["ALL"]}') say('dangerousCapabilities', 'keeps some');
  if (context.procMount) say('unsafe-proc-mount', 'is set');
  for (const amount of ['cpu', 'memory', 'ephemeral-storage']) {
    for (const side of ['requests', 'limits']) {
      if (resources[side]?.[amount] === undefined) say(`unset-${amount}-requirements`, `has no ${side} of it`);
    }
  }
  if (ports.some(({ containerPort }) => containerPort === 22)) say('ssh-port', 'is open');
  if (ports.some(({ hostPort }) => hostPort)) say('hostPortSet', 'takes a port of its node');
  const names = env.map(({ name }) => name);
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    say('duplicate-env-var', `has ${name} twice`);
  }
  for (const { name, value } of env) {
    if (value !== undefined && /secret|password|_key|token|(database|redis)_url/i.test(name))
      say('env-var-secret', `shows ${name}`);
  }
}

/** Secrets and ConfigMaps of the release must be there; those with other names are somebody else's. */
function lookAtReferences({ env = [], envFrom = [] }, { metadata }, objects, say) {
  const own = metadata.labels['app.kubernetes.io/instance'];
  const wanted = [
    ...env.map(({ valueFrom }) => ['Secret', valueFrom?.secretKeyRef?.name, valueFrom?.secretKeyRef?.key]),
    ...envFrom.map(({ configMapRef }) => ['ConfigMap', configMapRef?.name]),
  ];
  for (const [wantedKind, name, key] of wanted) {
    if (!name?.startsWith(`${own}-`)) continue;
    const there = objects.find((object) => object.kind === wantedKind && object.metadata.name === name);
    if (!there) say('dangling-reference', `${wantedKind} ${name} is not there`);
    else if (key && !(key in (there.stringData ?? {}))) say('dangling-reference', `${name} has no ${key}`);
    else if (isBefore(metadata, there.metadata)) say('hook-order', `${name} is there only after its hook`);
  }
}

/** A hook before the installation finds nothing but hooks of a lower weight. */
function isBefore(hook, needed) {
  const when = hook.annotations?.['helm.sh/hook'] ?? '';
  if (!/pre-install/.test(when)) return false;
  const other = needed.annotations ?? {};
  const weight = (annotations) => Number(annotations['helm.sh/hook-weight'] ?? 0);
  return !/pre-install/.test(other['helm.sh/hook'] ?? '') || weight(other) >= weight(hook.annotations);
}

function lookAtProbes({ name, ports = [], ...container }, say) {
  const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => [probe, container[probe]]);
  for (const [probe, given] of probes) {
    if (!given) say('no-probe', `${name} has no ${probe}`);
    const port = given?.httpGet?.port ?? given?.tcpSocket?.port;
    if (port !== undefined && !ports.some((open) => open.name === port)) say('liveness-port', `${port} is not open`);
  }
  const told = new Set(probes.map(([, given]) => JSON.stringify(given)));
  if (told.size < probes.length) say('probes', `${name} has two that are the same`);
}

const LOOKS = {
  Deployment({ spec, metadata }, objects, say) {
    lookAtSelector(spec, say);
    if (!spec.template.spec.affinity?.podAntiAffinity) say('no-anti-affinity', 'has none');
    if (!spec.template.spec.topologySpreadConstraints?.length) say('topologySpreadConstraint', 'has none');
    if (spec.strategy?.type !== 'RollingUpdate') say('no-rolling-update-strategy', 'has none');
    const scalers = objects.filter((object) => object.spec?.scaleTargetRef?.name === metadata.name);
    if (scalers.length > 1) say('dangling-horizontalpodautoscaler', 'is scaled by two');
    if ((scalers.length === 0) === (spec.replicas === undefined)) say('replicas', 'are told by both or neither');
  },
  StatefulSet: ({ spec }, _objects, say) => lookAtSelector(spec, say),
  Job({ spec }, _objects, say) {
    if (!spec.ttlSecondsAfterFinished) say('job-ttl-seconds-after-finished', 'is not set');
  },
  Service({ spec }, objects, say) {
    const pods = objects.map(podOf).filter((pod) => pod && matches(spec.selector, pod.labels));
    if (pods.length === 0) say('dangling-service', 'leads nowhere');
    for (const { targetPort } of spec.ports) {
      const isOpen = (pod) =>
        pod.spec.containers.some(({ ports = [] }) => ports.some(({ name }) => name === targetPort));
      if (!pods.every(isOpen)) say('invalid-target-ports', targetPort);
    }
  },
  ConfigMap({ data }, _objects, say) {
    for (const name of Object.keys(data)) {
      if (/secret|password|_key|token|(database|redis)_url/i.test(name)) say('sensitiveConfigmapContent', name);
    }
  },
  PodDisruptionBudget({ spec }, objects, say) {
    if (spec.maxUnavailable === 0) say('pdb-max-unavailable', 'allows none');
    if (spec.unhealthyPodEvictionPolicy !== 'AlwaysAllow') say('pdb-unhealthy-pod-eviction-policy', 'is not set');
    if (!objects.some((object) => matches(spec.selector.matchLabels, podOf(object)?.labels)))
      say('dangling', 'is for none');
  },
  NetworkPolicy({ spec }, objects, say) {
    if (!objects.some((object) => matches(spec.podSelector.matchLabels, podOf(object)?.labels))) {
      say('dangling-networkpolicy', 'is for none');
    }
  },
  Ingress({ spec }, objects, say) {
    if (!spec.tls?.length) say('tlsSettingsMissing', 'has none');
    for (const { http } of spec.rules) {
      const name = http.paths[0].backend.service.name;
      if (!objects.some(({ kind, metadata }) => kind === 'Service' && metadata.name === name))
        say('dangling-ingress', name);
    }
  },
};

function lookAtSelector({ selector, template }, say) {
  if (!matches(selector.matchLabels, template.metadata.labels)) say('mismatching-selector', 'does not fit its pods');
}

function matches(selector, labels) {
  return labels !== undefined && Object.entries(selector ?? {}).every(([name, value]) => labels[name] === value);
}
