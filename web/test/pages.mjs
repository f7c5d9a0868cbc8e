/** Every page, for those who look at all of them: its name, and its address once the lively jobs are there. */
export async function pagesOf(service, headers = {}) {
  const first = async (path) => (await service.api('GET', path, undefined, headers)).data[0];
  const job = await first('/jobs?q=inventory-sync&limit=1');
  const invoice = await first('/jobs?q=invoice-run&limit=1');
  const failed = await first('/runs?state=failed&limit=1');
  const calendar = await first('/calendars?limit=1');
  return [
    ['overview', '/ui/'],
    ['jobs', '/ui/jobs?sort=createdAt'],
    ['job', `/ui/jobs/${job.id}`],
    ['versions', `/ui/jobs/${invoice.id}?tab=versions`],
    ['new-job', '/ui/jobs/new?schedule=every+weekday+at+2:30'],
    ['edit-job', `/ui/jobs/${invoice.id}/edit`],
    ['runs', '/ui/runs'],
    ['run', `/ui/runs/${failed.id}`],
    ['failed-runs', '/ui/runs/failed'],
    ['calendars', '/ui/calendars'],
    ['calendar', `/ui/calendars/${calendar.id}`],
    ['api-keys', '/ui/api-keys'],
    ['audit-log', '/ui/audit-log'],
    ['system', '/ui/system'],
  ];
}
