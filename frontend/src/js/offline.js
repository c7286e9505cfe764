/** When there is no network, a page of ours says so instead of the browser's. */
if (navigator.serviceWorker && document.body.dataset.worker) {
  navigator.serviceWorker.register(document.body.dataset.worker, { scope: "/" }).catch(() => {});
}
