/** A person who may sign in to the admin site (collection `admins`, `_id` = the name in lower case). */
export interface AdminDocument {
  _id: string;
  /** As it is shown, and written beside every act. */
  name: string;
  /** Argon2id in its own notation, with salt and parameters. */
  passwordHash: string;
  /** Another one for each password: a session of before it ends. Rows of the first releases have none. */
  generation?: string;
  /** ISO UTC. */
  createdAt: string;
  createdBy: string;
}
