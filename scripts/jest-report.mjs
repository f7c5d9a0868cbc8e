// What Jest's report says of a run, added up: for whoever prints one count of many runs, and the names of what failed at the end,
// where a log that is cut in its middle still has them.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const MOST_OF_A_REASON = 300;

export function noTests() {
  return { passed: 0, failed: 0, pending: 0, failures: [] };
}

/** Adds the report in `file` to `total`; file names are told from `root` on. */
export function addReport(total, file, root) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = report;
    total.passed += numPassedTests;
    total.failed += numFailedTests + numRuntimeErrorTestSuites;
    total.pending += numPendingTests;
    total.failures.push(...failuresOf(report, root));
  } catch {
    total.failed += 1; // Jest itself did not come to an end
    total.failures.push(`${relative(root, file)}: no account of its tests`);
  }
}

function failuresOf({ testResults }, root) {
  return testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, message, assertionResults }) => {
      const failed = assertionResults.filter(({ status }) => status === 'failed');
      const file = relative(root, name);
      if (failed.length === 0) return [`${file}: does not run: ${shortened(message)}`];
      return failed.map(({ fullName, failureMessages: [why = ''] }) => `${file}: ${fullName}: ${shortened(why)}`);
    });
}

/** A reason in one line, without where in the code it came about. */
function shortened(reason) {
  const [what] = stripVTControlCharacters(reason).split(/\n\s+at /);
  return what.replaceAll(/\s+/g, ' ').trim().slice(0, MOST_OF_A_REASON);
}
