// Search from a folder: browsers start no worker on a `file:` page, so its script runs in a hidden frame instead.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    #frame = document.createElement("iframe");
    #waiting = [];

    constructor(url) {
      super();
      this.#frame.hidden = true;
      document.body.append(this.#frame);
      const frame = this.#frame.contentWindow;
      frame.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      const script = frame.document.createElement("script");
      script.src = String(url);
      script.addEventListener("load", () => this.#deliver());
      frame.document.body.append(script);
    }

    postMessage(data) {
      if (this.#waiting) this.#waiting.push(data);
      else this.#frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }));
    }

    terminate() {
      this.#frame.remove();
    }

    #deliver() {
      const waiting = this.#waiting;
      this.#waiting = null;
      waiting.forEach((data) => this.postMessage(data));
    }
  };
}
