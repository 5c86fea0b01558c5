import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';

/** Kept as CI artefacts; git ignores the folder. */
const folder = fileURLToPath(new URL('../../.artifacts/site/', import.meta.url));
/** An answer about a case asks the supplier for its whole pool. */
const patienceMs = 60_000;

/** A window of the admin site, used as a person does: by what is written on buttons and fields. */
export interface SiteWindow {
  page: Page;
  url: string;
  open(path: string): Promise<void>;
  signIn(input: { name: string; password: string }): Promise<void>;
  /** Takes a picture and looks for barriers; gives those that are serious, in words. */
  inspect(name: string): Promise<string[]>;
  /** Unfolds a form by its headline, fills it by labels, sends it by its button. */
  act(input: {
    within?: string;
    summary: string;
    fields?: Record<string, string>;
    button: string;
  }): Promise<void>;
}

/** Opens a window; without JavaScript unless a test wants it. */
export async function openSite(input: {
  browser: Browser;
  url: string;
  width?: number;
  javaScript?: boolean;
  dark?: boolean;
}): Promise<SiteWindow> {
  const { browser, url, width = 1_280, javaScript = false, dark = false } = input;
  const context = await browser.newContext({
    javaScriptEnabled: javaScript,
    viewport: { width, height: 900 },
    colorScheme: dark ? 'dark' : 'light',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  mkdirSync(folder, { recursive: true });
  return {
    page,
    url,
    async open(path) {
      await page.goto(`${url}${path}`);
    },
    async signIn({ name, password }) {
      await page.goto(`${url}/admin/login`);
      await page.getByLabel('Name').fill(name);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { level: 1, name: 'Orders' }).waitFor();
    },
    async inspect(name) {
      const look = `${name}-${width < 600 ? 'phone' : 'desktop'}${dark ? '-dark' : ''}`;
      await page.screenshot({ path: join(folder, `${look}.png`), fullPage: true });
      return findBarriers({ browser, page, url, look, viewport: { width, height: 900 }, dark });
    },
    async act({ within, summary, fields = {}, button }) {
      const place = within === undefined ? page.locator('main') : page.getByRole('region', { name: within });
      const fold = place
        .locator('details')
        .filter({ has: page.locator('summary', { hasText: summary }) })
        .first();
      if ((await fold.getAttribute('open')) === null) await fold.locator('summary').click();
      for (const [label, value] of Object.entries(fields)) {
        const field = fold.getByLabel(label);
        if ((await field.evaluate((node) => node.tagName)) === 'SELECT') await field.selectOption(value);
        else await field.fill(value);
      }
      await fold.getByRole('button', { name: button }).click();
    },
  };
}

interface Look {
  browser: Browser;
  page: Page;
  url: string;
  look: string;
  viewport: { width: number; height: number };
  dark: boolean;
}

/** The search needs timers, which a page without JavaScript lacks: it looks at a twin of the same HTML and styles. */
async function findBarriers({ browser, page, url, look, viewport, dark }: Look): Promise<string[]> {
  const html = await page.content();
  const twin = await browser.newPage({ viewport, colorScheme: dark ? 'dark' : 'light' });
  try {
    await twin.route('**/twin-of-the-page', (route) =>
      route.fulfill({ body: html, contentType: 'text/html' }),
    );
    await twin.goto(`${url}/twin-of-the-page`);
    await twin.evaluate(axe.source);
    const { violations } = await twin.evaluate(() => {
      const { axe: search } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
      return search.run();
    });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, help, nodes }) => `${look}: ${id} (${help}): ${nodes[0]?.html ?? ''}`);
  } finally {
    await twin.close();
  }
}

interface AxeResults {
  violations: { id: string; impact: string | null; help: string; nodes: { html: string }[] }[];
}
