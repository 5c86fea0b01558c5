import { type Command, InvalidArgumentError } from 'commander';
import { formatMoney } from '../domain/money.ts';
import type { StockMarks } from '../domain/stock-marks.ts';
import type { Verdict } from '../domain/verdict.ts';
import { type ActOptions, sayOutcome, takeActOptions } from './act-command.ts';
import { readJson } from './read-json.ts';

interface ProductLine {
  productId: string;
  name: string;
  reserve: number;
  /** What may be sold now; null where nothing was ever counted. */
  free: number | null;
  sizes: { ramGb: number; pricePaise: number }[];
  disabled: null | { note: string; at: string; by: string };
  marks: StockMarks;
  stock: {
    packageName: string;
    level: 'count' | 'zero' | 'unknown';
    available: number | null;
    lastCount: number | null;
    readAt: string | null;
    staleSince: string | null;
    staleWhy: string | null;
    dry: boolean;
    alert: string | null;
    held: number;
    promised: number;
  };
  history: { at: string; available: number | null }[];
}

interface OldStockReport {
  dryRun: boolean;
  lost: number;
  lines: {
    productId: string;
    name: string;
    packageName: string;
    sizes: { ramGb: number; pricePaise: number }[];
    isNew: boolean;
    isSold: boolean;
    before: null | { name: string; sizes: { ramGb: number; pricePaise: number }[] };
    mapped: string[];
    kept: string[];
    lost: string[];
  }[];
}

interface Act {
  productId: string;
  by: string;
  reason: string | null;
}

export interface ProductPorts {
  listProductLines(input: { historyDays: number }): Promise<ProductLine[]>;
  setSale(input: Act & { isSold: boolean }): Promise<Verdict>;
  setProduct(
    input: Act & { reserve: number | null; marks: { [Mark in keyof StockMarks]?: number | null } },
  ): Promise<Verdict>;
  /** `documents` is a file's JSON. */
  importIpstocks(input: {
    documents: unknown;
    dryRun: boolean;
    by: string;
    reason: string | null;
  }): Promise<OldStockReport>;
  print(text: string): void;
}

const setHelp = `
Marks are whole numbers of addresses; 0 switches one off, "policy" takes the shop's again. --re-enable has no 0
of its own: it stays above --auto-disable.
Example: npm run ops -- products set vps-103-181-91 --reserve 5 --auto-disable 8 --re-enable 20`;
const ipstocksHelp = `
FILE is a JSON array of documents of the old shop's collection ipstocks: name (its decoration stays), memoryOptions with prices
in rupees, defaultConfigurations.smartvps (ip, pid). Each document is kept whole beside its product; a field that would
be lost is named, and the command then fails. What was not available there is not sold here until it is enabled.
Example: npm run ops -- products import-ipstocks ipstocks.json --dry-run`;

/** Adds `list`, `show`, `enable`, `disable`, `set` and `import-ipstocks` to the command `products`. */
export function addProductActs(products: Command, ports: ProductPorts, actor: string): void {
  products
    .command('list')
    .description('What is sold, with its stock.')
    .option('--json', 'print one line of JSON')
    .action(({ json }: { json?: boolean }) => list(ports, json));
  products
    .command('show')
    .description('One product: stock, marks, prices, and the counts of a week.')
    .argument('<PRODUCT_ID>')
    .option('--json', 'print one line of JSON')
    .action((productId: string, { json }: { json?: boolean }) => show(ports, productId, json));
  for (const [name, isSold] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    takeActOptions(products.command(name), actor, { needsReason: !isSold })
      .description(isSold ? 'Sells a product.' : 'Stops the sale of a product; paid orders are served on.')
      .argument('<PRODUCT_ID>')
      .action(async (productId: string, { by, reason, json }: ActOptions) => {
        const outcome = await ports.setSale({ productId, isSold, by, reason: reason ?? null });
        sayOutcome(ports, { action: `${name} ${productId}`, outcome, json });
      });
  }
  takeActOptions(products.command('set'), actor)
    .description('Sets reserve and stock marks of one product.')
    .argument('<PRODUCT_ID>')
    .option('--reserve <n>', 'addresses kept back', wholeNumber)
    .option('--auto-disable <n>', 'not sold at or below', mark)
    .option('--re-enable <n>', 'sold again above', mark)
    .option('--low-warning <n>', 'an order warns at or below', mark)
    .option('--page-alert <n>', 'alert at or below', mark)
    .option('--daily-report <n>', 'in the daily mail at or below', mark)
    .addHelpText('after', setHelp)
    .action((productId: string, options: SetOptions) => set(ports, productId, options));
  takeActOptions(products.command('import-ipstocks'), actor)
    .description("Imports the old shop's stock documents; safe to repeat.")
    .argument('<FILE>', 'a JSON file')
    .option('--dry-run', 'say what would be imported, write nothing')
    .addHelpText('after', ipstocksHelp)
    .action((file: string, options: ActOptions & { dryRun?: boolean }) => importOld(ports, file, options));
}

interface SetOptions extends ActOptions {
  reserve?: number;
  autoDisable?: number | 'policy';
  reEnable?: number | 'policy';
  lowWarning?: number | 'policy';
  pageAlert?: number | 'policy';
  dailyReport?: number | 'policy';
}

function wholeNumber(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('It is not a whole number from 0 up.');
  return Number(text);
}

function mark(text: string): number | 'policy' {
  return text === 'policy' ? text : wholeNumber(text);
}

async function set(ports: ProductPorts, productId: string, options: SetOptions): Promise<void> {
  const { reserve = null, by, reason = null, json } = options;
  const given = {
    stockAutoDisable: options.autoDisable,
    stockReEnable: options.reEnable,
    lowStockWarning: options.lowWarning,
    stockPageAlert: options.pageAlert,
    stockDailyReport: options.dailyReport,
  };
  const marks = Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value === 'policy' ? null : value]],
    ),
  );
  if (reserve === null && Object.keys(marks).length === 0) {
    throw new Error(`Failed to set ${productId}: nothing is to be changed. Run it with --help.`);
  }
  const outcome = await ports.setProduct({ productId, reserve, marks, by, reason });
  sayOutcome(ports, { action: `set ${productId}`, outcome, json });
}

async function list(ports: ProductPorts, json: boolean | undefined): Promise<void> {
  const products = await ports.listProductLines({ historyDays: 0 });
  if (json) return ports.print(JSON.stringify({ products }));
  for (const product of products) {
    const { productId, name, disabled, stock } = product;
    const sale = disabled === null ? 'sold' : `off: ${disabled.note}`;
    ports.print([productId.padEnd(24), sayStock(stock).padEnd(12), name, sale].join('  '));
    if (stock.alert) ports.print(`  ${stock.alert}`);
    if (stock.staleSince) ports.print(`  Not confirmed since ${stock.staleSince}: ${stock.staleWhy ?? ''}`);
  }
  ports.print(`${products.length} products.`);
}

function sayStock(stock: ProductLine['stock']): string {
  if (stock.dry) return 'dry';
  if (stock.level !== 'unknown') return `${stock.available ?? 0} IPs`;
  return stock.lastCount === null ? 'never read' : `${stock.lastCount} IPs?`;
}

async function show(ports: ProductPorts, productId: string, json: boolean | undefined): Promise<void> {
  const products = await ports.listProductLines({ historyDays: 7 });
  const product = products.find((one) => one.productId === productId);
  if (product === undefined)
    throw new Error(`Failed to show ${productId}: there is no such product. See \`products list\`.`);
  if (json) return ports.print(JSON.stringify(product));
  const { name, reserve, free, sizes, disabled, marks, stock, history } = product;
  ports.print(`${name} (${productId})`);
  ports.print(disabled === null ? 'Sold.' : `Not sold: ${disabled.note} (${disabled.at} by ${disabled.by})`);
  ports.print(`Stock: ${sayStock(stock)}, package ${stock.packageName}, read ${stock.readAt ?? 'never'}`);
  const { held, promised } = stock;
  ports.print(
    `Held by unpaid checkouts ${held}, promised to paid orders ${promised}, may be sold ${free ?? '?'}`,
  );
  if (stock.staleSince) ports.print(`Not confirmed since ${stock.staleSince}: ${stock.staleWhy ?? ''}`);
  ports.print(
    `Reserve ${reserve}; ${Object.entries(marks)
      .map(([key, value]) => `${key} ${value}`)
      .join(', ')}`,
  );
  ports.print(sayPrices(sizes));
  if (history.length > 0) ports.print(`Week: ${drawHistory(history)}`);
}

function sayPrices(sizes: ProductLine['sizes']): string {
  const prices = sizes.map(
    ({ ramGb, pricePaise }) => `${ramGb} GB ${formatMoney({ amountMinor: pricePaise, currency: 'INR' })}`,
  );
  return prices.join(', ');
}

const bars = '▁▂▃▄▅▆▇█';
const widestGraph = 80;

/** The newest points as bars up to their highest; a dot is a time when nobody knew. */
function drawHistory(history: ProductLine['history']): string {
  const points = history.slice(-widestGraph);
  const top = Math.max(1, ...points.map(({ available }) => available ?? 0));
  const drawn = points.map(({ available }) =>
    available === null ? '·' : bars.charAt(Math.round((available / top) * (bars.length - 1))),
  );
  return `${drawn.join('')} (up to ${top})`;
}

async function importOld(
  ports: ProductPorts,
  file: string,
  { dryRun = false, by, reason, json }: ActOptions & { dryRun?: boolean },
): Promise<void> {
  const documents = await readJson(file);
  const report = await ports.importIpstocks({ documents, dryRun, by, reason: reason ?? null });
  if (json) ports.print(JSON.stringify(report));
  else {
    for (const line of report.lines) {
      const state = `${line.isNew ? 'new' : 'known'}, ${line.isSold ? 'sold' : 'not sold'}`;
      const pool = `package ${line.packageName}`;
      ports.print(`${line.productId}  ${line.name}: ${pool}, ${sayPrices(line.sizes)} (${state})`);
      if (line.before !== null)
        ports.print(`  REPLACES ${line.before.name}: ${sayPrices(line.before.sizes)}`);
      ports.print(`  mapped: ${line.mapped.join(', ')}`);
      if (line.kept.length > 0) ports.print(`  kept as they are: ${line.kept.join(', ')}`);
      if (line.lost.length > 0) ports.print(`  LOST: ${line.lost.join(', ')}`);
    }
    const done = dryRun ? 'would be imported, nothing was written' : 'imported';
    ports.print(`${report.lines.length} documents ${done}; ${report.lost} fields lost.`);
  }
  if (report.lost > 0) throw new Error(`Failed to import ${file}: ${report.lost} fields would be lost.`);
}
