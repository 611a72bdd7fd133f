// Sends an archive in pieces: shows bytes, speed and remaining time, goes on after a lost connection, and makes the
// pieces smaller where a proxy takes no larger ones.
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  input.hasChangeListener = true; // unfold's own would look for a field that shows the name
  const drop = form.querySelector(".dd-drop");
  const sending = form.querySelector(".dd-sending");
  const bar = sending.querySelector("progress");
  const percent = sending.querySelector("b");
  const words = sending.querySelector(".dd-sending-words");
  const error = form.querySelector(".dd-error[role=alert]");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const said = form.dataset;
  const SMALLEST = 128 * 1024;
  const MOST_TRIES = 8;
  const SECONDS_OF_SPEED = 5;
  let now = null; // what is being sent

  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const size = (bytes) => {
    for (const [limit, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "KB"]]) {
      if (bytes >= limit) return `${(bytes / limit).toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ${unit}`;
    }
    return `${Math.round(bytes)} B`;
  };
  const time = (seconds) => {
    if (!Number.isFinite(seconds)) return "–";
    const whole = Math.ceil(seconds);
    const two = (value) => String(value).padStart(2, "0");
    const hours = Math.floor(whole / 3600);
    return `${hours ? `${hours}:` : ""}${hours ? two(Math.floor(whole / 60) % 60) : Math.floor(whole / 60)}:${two(whole % 60)}`;
  };

  const fail = (text) => {
    now = null;
    sending.hidden = true;
    drop.hidden = false;
    error.textContent = text;
    error.hidden = false;
    input.value = "";
  };

  const show = (done) => {
    const at = performance.now() / 1000;
    now.marks.push([at, done]);
    while (now.marks.length > 2 && now.marks[0][0] < at - SECONDS_OF_SPEED) now.marks.shift();
    const [first, before] = now.marks[0];
    const speed = at > first ? (done - before) / (at - first) : 0;
    const share = (100 * done) / now.file.size;
    bar.value = share;
    percent.textContent = `${Math.floor(share)} %`;
    words.textContent = filled(said.progress, {
      done: size(done), all: size(now.file.size), speed: size(Math.max(speed, 0)), left: time((now.file.size - done) / speed),
    });
  };

  const request = (method, url, body, type, progress) =>
    new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      xhr.open(method, url);
      xhr.timeout = 300000;
      xhr.setRequestHeader("X-CSRFToken", token);
      xhr.setRequestHeader("Accept", "application/json");
      if (type) xhr.setRequestHeader("Content-Type", type);
      if (progress) xhr.upload.onprogress = (event) => progress(event.loaded);
      xhr.onload = () => {
        let answer = {};
        try { answer = JSON.parse(xhr.responseText); } catch { /* a page of a proxy or of the login */ }
        resolve({ status: xhr.status, answer });
      };
      xhr.onerror = xhr.ontimeout = () => reject(new Error("lost"));
      xhr.onabort = () => reject(new Error("abort"));
      if (now) now.xhr = xhr;
      xhr.send(body);
    });

  const wait = (seconds) => new Promise((resolve) => { setTimeout(resolve, 1000 * seconds); });

  // Where the server is after a connection was lost; gives up after some minutes.
  const found = async (job) => {
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const seconds = Math.min(2 ** tries, 60);
      words.textContent = filled(said.lost, { seconds });
      await wait(seconds);
      if (now !== job) return null;
      try {
        const { status, answer } = await request("GET", job.url);
        if (status === 200) return answer.received;
        if (status < 500) return -status;
      } catch { /* still lost */ }
    }
    return -1;
  };

  const step = async (job) => {
    const body = job.file.slice(job.received, job.received + job.piece);
    try {
      await body.slice(0, 1).arrayBuffer();
    } catch {
      return said.gone;
    }
    let result;
    try {
      result = await request("POST", `${job.url}?offset=${job.received}`, body, "application/octet-stream",
        (loaded) => { if (now === job) show(Math.min(job.received + loaded, job.file.size)); });
    } catch (problem) {
      if (problem.message === "abort") return "";
      result = { status: 503, answer: {} };
    }
    if (now !== job) return "";
    const { status, answer } = result;
    if (status === 200 || status === 409) job.received = answer.received;
    else if (status === 413 && job.piece > SMALLEST) job.piece = Math.max(SMALLEST, job.piece / 4);
    else if (status === 413) return filled(said.proxy, { size: size(job.piece) });
    else if (status >= 500) {
      const received = await found(job);
      if (received === -1) return said.gaveUp;
      if (received !== null && received < 0) return filled(said.refused, { status: -received });
      if (received !== null) job.received = received;
      job.marks.length = 0;
    } else return answer.error || filled(said.refused, { status });
    return "";
  };

  const send = async (file) => {
    error.hidden = true;
    if (file.size > Number(said.limit)) return fail(said.tooLarge);
    const job = { file, received: 0, piece: 0, marks: [], url: "", page: "", drop: "", xhr: null };
    now = job;
    const about = new URLSearchParams({ name: file.name, size: file.size, stamp: file.lastModified });
    let begun;
    try {
      begun = await request("POST", form.action, about);
    } catch {
      return fail(said.gaveUp);
    }
    if (begun.status !== 200 || !begun.answer.url) return fail(begun.answer.error || filled(said.refused, { status: begun.status }));
    Object.assign(job, begun.answer);
    drop.hidden = true;
    sending.hidden = false;
    sending.querySelector(".dd-sending-name").textContent = file.name;
    show(job.received);
    while (now === job && job.received < file.size) {
      const problem = await step(job);
      if (problem) return fail(problem);
    }
    if (now !== job) return undefined;
    now = null;
    words.textContent = said.whole;
    location.assign(job.page);
    return undefined;
  };

  sending.querySelector("[data-cancel]").addEventListener("click", async () => {
    const job = now;
    if (!job) return;
    now = null;
    if (job.xhr) job.xhr.abort();
    try {
      await request("POST", job.drop);
    } finally {
      location.reload(); // it stands in the list, to be taken back
    }
  });

  input.addEventListener("change", () => { if (input.files.length) send(input.files[0]); });
  ["dragenter", "dragover"].forEach((name) => drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("dd-over");
  }));
  ["dragleave", "drop"].forEach((name) => drop.addEventListener(name, () => drop.classList.remove("dd-over")));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    const { files } = event.dataTransfer;
    if (files.length > 1) fail(said.one);
    else if (files.length) send(files[0]);
  });
  window.addEventListener("beforeunload", (event) => { if (now) event.preventDefault(); });
})();
