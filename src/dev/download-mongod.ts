import { DryMongoBinary, MongoBinary } from 'mongodb-memory-server-core';
import { MongoBinaryDownloadUrl } from 'mongodb-memory-server-core/lib/util/MongoBinaryDownloadUrl.js';
import { fetchFirstByte } from './download-limits.ts';

// A program of its own, started by resolve-mongodb.ts: the library reports on standard output and cannot be
// given up, and a process can. Its last line is the path.
const [version = '', downloadDir = ''] = process.argv.slice(2);
const options = await DryMongoBinary.generateOptions({ version, downloadDir });
if (!(await DryMongoBinary.locateBinary(options))) {
  const platform = {
    platform: process.platform,
    arch: options.arch,
    version,
    ...(options.os && { os: options.os }),
  };
  const url = await new MongoBinaryDownloadUrl(platform).getDownloadUrl();
  await fetchFirstByte(url, { method: 'HEAD' });
}
console.log(await MongoBinary.getPath({ version, downloadDir, checkMD5: true }));
process.exit(0);
