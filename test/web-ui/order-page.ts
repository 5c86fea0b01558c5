import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';

/** Kept as CI artefacts; git ignores the folder. */
const screenshotFolder = fileURLToPath(new URL('../../.artifacts/web-ui/', import.meta.url));
const patienceMs = 30_000;

export interface SignalForm {
  name: string;
  /** Typed into "Data"; without it the field stays empty. */
  data?: string;
  /** Chooses the radio button json/protobuf and names this message type. */
  protobufType?: string;
}

/** An order's workflow in the Temporal Web UI, used as a person does: by what is written on buttons and fields. */
export interface OrderPage {
  /** The text of the current details as they are rendered; to be asked once, after opening. */
  readDetails(): Promise<string>;
  sendSignal(form: SignalForm): Promise<void>;
  requestCancellation(): Promise<void>;
  terminate(input: { reason: string }): Promise<void>;
  /** Loads the page anew and waits until it says this state of the workflow, such as "Completed". */
  waitForState(state: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens the deep link to a workflow. Each step leaves a picture `<name>-<number>-<step>.png`. */
export async function openOrderPage(input: {
  browser: Browser;
  /** Of the pictures. */
  name: string;
  url: string;
}): Promise<OrderPage> {
  const { browser, name, url } = input;
  mkdirSync(screenshotFolder, { recursive: true });
  const page = await browser.newPage({ viewport: { width: 1_400, height: 1_100 } });
  page.setDefaultTimeout(patienceMs);
  let steps = 0;
  const picture = async (step: string) => {
    steps += 1;
    await page.screenshot({ path: join(screenshotFolder, `${name}-${steps}-${step}.png`) });
  };
  await page.goto(url);
  await page.getByRole('tablist', { name: 'workflow detail' }).waitFor();
  await picture('opened');

  return {
    async readDetails() {
      await page.getByRole('tab', { name: 'User Metadata' }).click();
      await page.waitForURL(/\/user-metadata/);
      const details = currentDetails(page);
      await details.getByRole('heading', { level: 1 }).waitFor();
      await picture('details');
      // The UI's markdown curls the quotation marks outside of code.
      return (await details.innerText()).trim().replace(/[“”]/g, '"').replace(/[‘’]/g, "'");
    },
    async sendSignal(form) {
      const dialog = await openDialog(page, 'Send a Signal');
      await fillSignalForm(dialog, form);
      await picture(`signal-${form.name}`);
      await finish(dialog, 'Submit');
      await picture('signal-sent');
    },
    async requestCancellation() {
      await page.getByRole('button', { name: 'Request Cancellation' }).click();
      const dialog = page.getByRole('dialog', { name: 'Cancel Workflow' });
      await dialog.waitFor();
      await picture('cancel');
      await finish(dialog, 'Confirm');
      await picture('cancel-requested');
    },
    async terminate({ reason }) {
      const dialog = await openDialog(page, 'Terminate', 'Terminate Workflow');
      await dialog.getByRole('textbox', { name: 'Enter a reason' }).fill(reason);
      await picture('terminate');
      await finish(dialog, 'Terminate');
      await picture('terminate-confirmed');
    },
    async waitForState(state) {
      await page.goto(url);
      await page.getByRole('tablist', { name: 'workflow detail' }).waitFor();
      await page.getByRole('main').getByText(state, { exact: true }).first().waitFor();
      await picture(state.toLowerCase());
    },
    close: () => page.close(),
  };
}

/** The UI renders markdown in frames without scripts: the summary's, the details' and, last, the current details'. */
function currentDetails(page: Page): Locator {
  return page.locator('iframe').last().contentFrame().locator('body');
}

async function openDialog(page: Page, action: string, title = action): Promise<Locator> {
  await page.getByRole('button', { name: 'More Actions' }).click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
  const dialog = page.getByRole('dialog', { name: title });
  await dialog.waitFor();
  return dialog;
}

async function fillSignalForm(dialog: Locator, form: SignalForm): Promise<void> {
  await dialog.getByRole('button', { name: 'Select a signal' }).click();
  // An option's name is the signal's, followed by the description of its handler.
  await dialog.getByRole('option', { name: new RegExp(`^${form.name}\\b`) }).click();
  // Before the data: a field that grows under the pointer makes the click miss.
  if (form.protobufType !== undefined) {
    await dialog.getByText('json/protobuf', { exact: true }).click();
    await dialog.getByRole('textbox', { name: 'Message Type' }).fill(form.protobufType);
  }
  if (form.data !== undefined) {
    const data = dialog.locator('.cm-content');
    await data.click();
    await data.fill(form.data);
  }
}

async function finish(dialog: Locator, button: string): Promise<void> {
  await dialog.getByRole('button', { name: button, exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
}
