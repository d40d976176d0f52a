// The page of a study: one loop over the questions, which ends when all are answered.
"use strict";

const $ = (id) => document.getElementById(id);
const settings = JSON.parse(document.body.dataset.settings);
const PAIRS = settings.mode === "pairs";
const ANSWERS = PAIRS ? ["left", "right"] : ["real", "fake"];
const LABELS = PAIRS ? ["Left", "Right"] : ["Real", "Fake"];
const QUESTION = PAIRS ? "Which one is real?" : "Is it real or fake?";
const KEYS = { arrowleft: 0, f: 0, arrowright: 1, j: 1 };
const CROSS = 600; // milliseconds before the pictures

const buttons = [...$("choices").children];
const places = (PAIRS ? ["left", "right"] : ["picture"]).map((name) => {
  const place = document.createElement("figure");
  place.append(document.createElement("div"), document.createElement("figcaption"));
  place.dataset.place = name;
  $("places").append(place);
  return place;
});
const loaded = new Map(); // from ids to promises of decoded images

async function request(path, body) {
  const options = body && { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error), { status: response.status });
  return answer;
}

async function fetchImage(id) {
  const response = await fetch(`picture/${id}`);
  if (!response.ok) throw Object.assign(new Error("A picture is missing."), { status: response.status });
  const image = new Image();
  image.src = URL.createObjectURL(await response.blob());
  await image.decode();
  image.alt = "";
  return image;
}

function load(ids) {
  for (const id of ids) {
    if (loaded.has(id)) continue;
    const image = fetchImage(id);
    image.catch(() => loaded.delete(id)); // so that it is tried again
    loaded.set(id, image);
  }
  return Promise.all(ids.map((id) => loaded.get(id)));
}

function show(section) {
  for (const id of ["start", "message", "trial"]) $(id).hidden = id !== section;
}

function clicked(button) {
  button.focus({ preventScroll: true });
  return new Promise((done) => button.addEventListener("click", done, { once: true }));
}

async function say(title, text, button) {
  show("message");
  $("message-title").textContent = title;
  $("message-text").textContent = text;
  $("go-on").textContent = button;
  $("go-on").hidden = !button;
  if (button) await clicked($("go-on"));
  else $("message-title").focus();
}

// Try again until it works. When this page is not up to date, the server says where the session stands.
async function insist(work) {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ([403, 404, 409].includes(error.status)) {
        location.reload();
        await new Promise(() => {});
      }
      const what = error.status ? error.message : "The study's server does not answer.";
      await say("That did not work", `${what} Your answers so far are saved.`, "Try again");
    }
  }
}

const pause = (time) => new Promise((done) => setTimeout(done, time));

function whenVisible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
}

function place(images) {
  images.forEach((image, index) => places[index].firstChild.replaceChildren(image));
}

function clear() {
  for (const each of places) {
    each.firstChild.replaceChildren();
    each.lastChild.textContent = "";
    delete each.dataset.truth;
  }
}

// Show images from one frame of the screen to the one at which the time is over; returns the milliseconds.
function flash(images, time) {
  return new Promise((done) => {
    let start = null;
    const finish = (now) => {
      document.removeEventListener("visibilitychange", leave);
      clear();
      done(now - (start ?? now));
    };
    const leave = () => { start = start ?? performance.now(); finish(performance.now()); };
    const frame = (now) => {
      if (start === null) { start = now; place(images); }
      else if (now - start >= time - 4) return finish(now); // half a frame at 120 Hz: clocks are not exact
      requestAnimationFrame(frame);
    };
    document.addEventListener("visibilitychange", leave);
    requestAnimationFrame(frame);
  });
}

function ask() {
  return new Promise((done) => {
    const start = performance.now(), stop = new AbortController(), until = { signal: stop.signal };
    const choose = (index) => {
      stop.abort();
      for (const button of buttons) button.disabled = true;
      done([ANSWERS[index], performance.now() - start]);
    };
    for (const button of buttons) button.disabled = false;
    buttons.forEach((each, index) => each.addEventListener("click", () => choose(index), until));
    if (PAIRS) places.forEach((each, index) => each.addEventListener("click", () => choose(index), until));
    document.addEventListener("keydown", (event) => {
      const index = KEYS[event.key.toLowerCase()];
      if (index === undefined || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      choose(index);
    }, until);
  });
}

async function explain(images, answer, truth) {
  place(images);
  places.forEach((each, index) => {
    const real = PAIRS ? ANSWERS[index] === truth : truth === "real";
    each.dataset.truth = real ? "real" : "fake";
    each.lastChild.textContent = real ? "real" : "fake";
  });
  const what = PAIRS ? `the ${truth} one is real` : `it is ${truth}`;
  $("prompt").textContent = `${answer === truth ? "Yes" : "No"}, ${what}`;
  $("choices").hidden = true;
  $("next").hidden = false;
  await clicked($("next"));
}

function prepare(state) {
  const practice = state.trial < state.practice;
  const [number, total] = practice
    ? [state.trial, state.practice] : [state.trial - state.practice, state.total - state.practice];
  $("count").textContent = `${practice ? "Practice" : ""} ${number + 1} of ${total}`;
  Object.assign($("bar"), { max: total, value: number });
  clear();
  $("prompt").textContent = QUESTION;
  $("choices").hidden = false;
  $("next").hidden = true;
  show("trial");
}

async function askOne(state) {
  const images = await insist(() => load(state.pictures));
  prepare(state);
  $("cross").hidden = false;
  await pause(CROSS);
  await whenVisible();
  $("cross").hidden = true;
  const shown = settings.seconds ? await flash(images, 1000 * settings.seconds) : place(images);
  load(state.ahead).catch(() => {}); // not before, since it takes time; what fails is tried again
  $("prompt").focus();
  const [answer, milliseconds] = await ask();
  clear();
  const body = { trial: state.trial, answer, milliseconds, shown: shown ?? milliseconds };
  const next = await insist(() => request("answer", body));
  if (next.truth) await explain(images, answer, next.truth);
  for (const image of images) URL.revokeObjectURL(image.src);
  for (const id of state.pictures) loaded.delete(id);
  return next;
}

async function begin() {
  const steps = [
    settings.seconds
      ? `Look at the cross. What follows it disappears after ${settings.seconds}\u00a0s. Then answer.`
      : "Take as long as you need.",
    PAIRS ? "Keys: \u2190 or F for left, \u2192 or J for right. Or tap on the side."
      : "Keys: \u2190 or F for real, \u2192 or J for fake. Or tap on the button.",
  ];
  $("steps").replaceChildren(...steps.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  show("start");
  await clicked($("begin"));
  return insist(() => request("session", { consent: true }));
}

async function main() {
  document.documentElement.style.setProperty("--aspect", settings.aspect);
  document.body.dataset.mode = settings.mode;
  buttons.forEach((button, index) => {
    const key = Object.assign(document.createElement("kbd"), { textContent: index ? "\u2192" : "\u2190" });
    button.append(...(index ? [LABELS[index], key] : [key, LABELS[index]]));
  });
  let state = await insist(() => request("session"));
  if (state.begun === false) state = await begin();
  else if (state.trial !== null) await say("Welcome back", "You go on where you stopped.", "Go on");
  while (state.trial !== null) {
    if (state.trial === state.practice && state.practice) {
      await say("The practice is over", `From here on ${state.total - state.practice} answers count, without comment.`, "Go on");
    }
    state = await askOne(state);
  }
  await say("Thank you", `All answers are saved. You may close this page. If you were asked for a code: ${state.code}`);
}

main();
