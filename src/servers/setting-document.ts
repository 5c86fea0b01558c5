/**
 * What was said once for the whole shop (collection `settings`). `foreignServers`: the shop's older servers on the
 * supplier's account are known, `count` of them (0: it was said that there are none).
 */
export interface SettingDocument {
  _id: 'foreignServers';
  count: number;
  at: string;
  by: string;
}
