// SPDX-License-Identifier: AGPL-3.0-or-later
// The pages of who may do what, and who did: loaded when somebody opens one of them.
import { Audit } from "./audit";
import { Keys } from "./keys";

(globalThis as any).larderPages.keys = Keys;
(globalThis as any).larderPages.audit = Audit;
