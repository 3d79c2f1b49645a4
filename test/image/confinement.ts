import assert from 'node:assert/strict';

/** What the first process of a container may do, told by the kernel and not by the settings. */
export const confinementScript = `
grep -E '^(Uid|CapPrm|CapEff|CapBnd|NoNewPrivs|VmRSS):' /proc/1/status
echo "Root: $(grep -E '^[^ ]+ / ' /proc/mounts | cut -d ' ' -f 4)"
echo "Limit: $(cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes)"
`;

/** Holds what the script printed against what the compose file promises, and sums it up. */
export function checkConfinement(service: string, printed: string): string {
  const found = new Map(
    printed
      .split('\n')
      .map((line) => line.split(/:\s+/))
      .map(([name = '', value = '']) => [name, value.trim()]),
  );
  const uid = Number(found.get('Uid')?.split(/\s/)[0]);
  assert.ok(uid > 0, `${service} does not run as root, but as ${uid}`);
  for (const set of ['CapPrm', 'CapEff', 'CapBnd']) {
    assert.match(found.get(set) ?? '', /^0+$/, `${service} has no capabilities (${set})`);
  }
  assert.equal(found.get('NoNewPrivs'), '1', `${service} can gain no privileges`);
  assert.match(found.get('Root') ?? '', /^ro(,|$)/, `the root file system of ${service} is read-only`);
  const [used, limit] = [
    Number.parseInt(found.get('VmRSS') ?? '', 10) / 1024,
    Number(found.get('Limit')) / 2 ** 20,
  ];
  assert.ok(used < limit && limit <= 1024, `${service} has a limit and uses less: ${used} of ${limit} MiB`);
  return `account ${uid}, no capabilities, read-only, ${used.toFixed(0)} of ${limit} MiB`;
}
