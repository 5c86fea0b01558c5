import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  findSmartVpsOs,
  matchesReportedOs,
  operatingSystemNames,
} from '../../src/domain/operating-system.ts';

test('every name of the shop has its SmartVPS code and no other name has one', () => {
  const codes = operatingSystemNames.map((name) => [name, findSmartVpsOs(name)]);
  assert.deepEqual(codes, [
    ['Ubuntu 22', 'ubuntu'],
    ['CentOS 7', 'centos'],
    ['Windows 2022 64', '2022'],
    ['Windows 2019 64', '2019'],
    ['Windows 2016 64', '2016'],
    ['Windows 2012 64', '2012'],
    ['Windows 11 64', '11'],
  ]);
  for (const name of ['', 'ubuntu', 'Ubuntu 24', 'windows 2022 64', 'constructor', '2022']) {
    assert.equal(findSmartVpsOs(name), undefined, name);
  }
});

test('what the supplier may report for an ordered system is recognised', () => {
  const cases: [string, string[]][] = [
    [
      'Ubuntu 22',
      ['ubuntu', 'Ubuntu', 'Ubuntu 22', 'Ubuntu 22.04', 'ubuntu-22.04 LTS 64bit', 'Ubuntu 64', 'x64 Ubuntu'],
    ],
    ['CentOS 7', ['centos', 'CentOS 7', 'CentOS Linux 7.9 x86_64']],
    ['Windows 2022 64', ['2022', 'Windows 2022 64', 'Windows Server 2022 Standard', 'win2022']],
    ['Windows 2012 64', ['2012', 'Windows Server 2012 R2']],
    ['Windows 11 64', ['11', 'Windows 11 Pro', 'WIN11-64']],
  ];
  for (const [ordered, reports] of cases) {
    for (const reported of reports) assert.equal(matchesReportedOs({ ordered, reported }), true, reported);
  }
});

test('another system, two systems at once or an unclear text is not the ordered one', () => {
  const cases: [string, string[]][] = [
    ['Ubuntu 22', ['', 'Ubuntu 20.04', 'Debian 22', 'CentOS 7', '22', 'Ubuntu 22 / CentOS 7', 'Kubuntu 22']],
    ['CentOS 7', ['CentOS 8', '7', 'AlmaLinux 7']],
    [
      'Windows 2022 64',
      ['Windows', 'Windows Server 2019', '2019', 'Windows 2019 2022', 'Debian 2022', 'windows 20221'],
    ],
    ['Windows 11 64', ['Debian 11', 'Windows 10', 'Darwin 11', 'Windows Server 2012 11']],
    ['Plan 9', ['Plan 9']],
  ];
  for (const [ordered, reports] of cases) {
    for (const reported of reports)
      assert.equal(matchesReportedOs({ ordered, reported }), false, `${ordered}: ${reported}`);
  }
});

test('no report is taken for two of the systems and none makes the comparison throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom(...operatingSystemNames)), (reported) => {
      const matching = operatingSystemNames.filter((ordered) => matchesReportedOs({ ordered, reported }));
      assert.ok(matching.length <= 1);
    }),
  );
  for (const name of operatingSystemNames) {
    assert.equal(matchesReportedOs({ ordered: name, reported: name }), true);
    assert.equal(matchesReportedOs({ ordered: name, reported: findSmartVpsOs(name) ?? '' }), true);
  }
});
