// Preloaded: gives the official runtime client our transport where it looks for its native one.
'use strict';
const Module = require('module');
const native = Module._extensions['.node'];
Module._extensions['.node'] = (module, file) => {
  if (file.endsWith('/rapid-client.node')) module.exports = require('/var/runtime/transport.cjs');
  else native(module, file);
};
