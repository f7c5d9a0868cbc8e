// Reads a Dockerfile as far as this project's goes: stages and their steps, arguments filled in.

/** Answers stages in order: name, base (an image, `scratch` or an earlier stage) and steps { instruction, text }. */
export function parseDockerfile(text, given = {}) {
  const args = { ...given };
  const stages = [];
  for (const line of joinLines(text)) {
    const [, instruction, rest] = /^(\S+)\s+(.*)$/s.exec(line) ?? [];
    if (instruction === undefined) throw new Error(`not understood: ${line}`);
    if (instruction === 'ARG' && stages.length === 0) {
      const [name, byDefault = ''] = rest.split('=');
      args[name] ??= byDefault;
    } else if (instruction === 'FROM') {
      const [, base, , name] = /^(\S+)(\s+AS\s+(\S+))?$/i.exec(rest);
      stages.push({ name: name ?? 'image', base: base.replace(/\$\{(\w+)\}/g, (_all, arg) => args[arg]), steps: [] });
    } else stages.at(-1).steps.push({ instruction, text: rest });
  }
  return stages;
}

/** Without comments, each instruction on a line of its own. */
function joinLines(text) {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  return lines
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n');
}

/** Pairs of ENV and LABEL. */
export function pairsOf(text) {
  const pairs = text.matchAll(/([\w.-]+)=("([^"]*)"|\S+)/g);
  return Object.fromEntries([...pairs].map(([, name, plain, quoted]) => [name, quoted ?? plain]));
}

/** Whether a path of the context goes to the engine, by the lines of .dockerignore; the last that fits decides. */
export function contextFilter(ignore) {
  const rules = ignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const tests = rules.map((rule) => {
    const pattern = rule.replace(/^!/, '');
    const regex = pattern.replace(/[.+]/g, '\\$&').replace(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(.*/)?'));
    return { fits: new RegExp(`^${regex}(/|$)`), taken: rule.startsWith('!') };
  });
  return (path) => tests.reduce((taken, test) => (test.fits.test(path) ? test.taken : taken), true);
}
