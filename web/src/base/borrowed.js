// SPDX-License-Identifier: AGPL-3.0-or-later
// In dashboard.js, access.js and verify.js: what base/shared.ts gives, out of the app that is there already.
module.exports = globalThis.larder;
