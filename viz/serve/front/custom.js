// Every page: take up the line to the towns again as soon as the server can be reached. Left to itself, the library that
// keeps the line waits up to half a minute more, and after seven tries it gives up.
(() => {
  const EVERY = 1000, PATIENCE = 8000; // milliseconds: between two looks, and for an answer
  let kernel = null, looking = false;

  setInterval(look, EVERY);
  for (const moment of ["online", "focus", "visibilitychange"]) addEventListener(moment, look, true);

  async function look() {
    const line = window.solara && solara.debug;
    if (!line || looking) return;
    if (line.connectionStatus === "connected") {
      if (!kernel) deafToOldLines((kernel = line.kernel()));
      return;
    }
    if (!kernel) return; // the page is still opening
    looking = true;
    try {
      await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      await Promise.race([kernel.reconnect(), new Promise((done) => setTimeout(done, PATIENCE))]);
    } catch {
      // not yet
    } finally {
      looking = false;
    }
  }

  // A try that failed is looked after again by the library some time later, which would then cut the line that has been
  // taken up meanwhile.
  function deafToOldLines(kernel) {
    const closed = kernel._onWSClose;
    if (closed) kernel._onWSClose = (event) => event.target === kernel._ws && closed(event);
  }
})();
