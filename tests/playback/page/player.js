'use strict';
// One player on one page. Tests call the functions of `player`, and all that hls.js, dash.js, the
// video element or the page complains of, fatal or not, is kept in `player.errors`.

const player = (() => {
  const video = document.getElementById('video');
  const canvas = document.createElement('canvas');
  const pixels = canvas.getContext('2d', { willReadFrequently: true });
  const errors = [];
  const seen = [];
  let engine, ears;

  const complain = (what) => errors.push(String(what));
  addEventListener('error', (event) => complain(`page: ${event.message}`));
  addEventListener('unhandledrejection', (event) => complain(`page: ${event.reason}`));
  video.addEventListener('error', () => complain(`video: ${video.error.message}`));

  const until = async (done, what, seconds = 20) => {
    const end = performance.now() + seconds * 1000;
    while (!done()) {
      if (errors.length) throw new Error(`${what}: ${errors.join('; ')}`);
      if (performance.now() > end) {
        const ranges = [...Array(video.buffered.length).keys()].map((range) =>
          `${video.buffered.start(range)}-${video.buffered.end(range)}`);
        throw new Error(`${what}: waited ${seconds} s; at ${video.currentTime} s of `
          + `${video.duration}, ready ${video.readyState}, buffered ${ranges}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  const loaded = () => video.buffered.length === 1
    && video.buffered.end(0) > video.duration - 0.1;

  const buffered = (time) => [...Array(video.buffered.length).keys()].some((range) =>
    video.buffered.start(range) <= time && time + 0.25 < video.buffered.end(range));

  const engines = {
    hls: {
      open(url) {
        // The smallest level first, so that a switch is seen.
        this.hls = new Hls({ startLevel: 0, maxBufferLength: 12, backBufferLength: 0 });
        this.hls.on(Hls.Events.ERROR, (_, data) => {
          // It tells of requests, too, that it gave up itself because of a switch or a seek.
          if (data.details === Hls.ErrorDetails.INTERNAL_ABORTED) return;
          // A machine that is busy with others decodes too slowly, though all that it needs is there.
          const { BUFFER_STALLED_ERROR, BUFFER_NUDGE_ON_STALL } = Hls.ErrorDetails;
          const slow = [BUFFER_STALLED_ERROR, BUFFER_NUDGE_ON_STALL].includes(data.details);
          if (slow && !data.fatal && buffered(video.currentTime)) return;
          complain(`hls.js: ${data.type} ${data.details}: ${data.error?.message ?? data.reason}`);
        });
        this.hls.loadSource(url);
        this.hls.attachMedia(video);
      },
      ready() { return this.hls.levels.length > 0; },
      levels() { return this.hls.levels.map(({ width, height }) => ({ width, height })); },
      level(index) { this.hls.currentLevel = index; },
      tracks() { return this.hls.audioTracks.map((track) => track.lang); },
      track(index) { this.hls.audioTrack = index; },
    },
    dash: {
      open(url) {
        this.dash = dashjs.MediaPlayer().create();
        for (const kind of ['ERROR', 'PLAYBACK_ERROR', 'CONFORMANCE_VIOLATION']) {
          this.dash.on(dashjs.MediaPlayer.events[kind], (event) =>
            complain(`dash.js: ${JSON.stringify(event.error ?? event.event ?? event)}`));
        }
        this.dash.updateSettings({
          debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE },
          streaming: {
            abr: { autoSwitchBitrate: { video: false }, initialBitrate: { video: 1 } },
            buffer: { fastSwitchEnabled: true, bufferToKeep: 0, bufferTimeDefault: 12 },
            trackSwitchMode: { audio: 'alwaysReplace' },
            retryAttempts: { MediaSegment: 0, IndexSegment: 0, InitializationSegment: 0 },
          },
        });
        this.dash.initialize(video, url, false);
      },
      ready() { return this.dash.isReady() && this.dash.getTracksFor('video').length > 0; },
      sorted() {
        return this.dash.getRepresentationsByType('video').toSorted((a, b) => a.width - b.width);
      },
      levels() { return this.sorted().map(({ width, height }) => ({ width, height })); },
      level(index) {
        this.dash.setRepresentationForTypeById('video', this.sorted()[index].id, true);
      },
      tracks() { return this.dash.getTracksFor('audio').map((track) => track.lang); },
      track(index) { this.dash.setCurrentTrack(this.dash.getTracksFor('audio')[index]); },
    },
  };

  // The number that the picture tells, and the colour of its patch: see counted.py.
  const look = () => {
    const [width, height] = [video.videoWidth, video.videoHeight];
    [canvas.width, canvas.height] = [width, height];
    pixels.drawImage(video, 0, 0);
    const square = width / 10;
    const at = (x, y) => [...pixels.getImageData(Math.round(x), Math.round(y), 1, 1).data].slice(0, 3);
    const white = (bit) => at((bit + 0.5) * square, square / 2)[1] > 127;
    let number = white(9) ? 0 : -1;
    for (let bit = 0; bit < 9 && number >= 0; bit++) number += white(bit) ? 1 << bit : 0;
    return { number, colour: at(square, height - square / 2), width, height };
  };

  const watch = () => video.requestVideoFrameCallback((_, { mediaTime }) => {
    seen.push({ time: mediaTime, ...look() });
    watch();
  });

  const listen = () => {
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
    context.createMediaElementSource(video).connect(analyser).connect(context.destination);
    return { context, analyser };
  };

  return {
    errors,

    async open(kind, url) {
      engine = engines[kind];
      engine.open(url);
      await until(() => engine.ready() && video.readyState >= 2, 'opening');
      watch();
      return { seconds: video.duration, levels: engine.levels(), tracks: engine.tracks() };
    },

    // Plays on to the end and returns the frames that were shown and how many were decoded.
    async toEnd(rate) {
      seen.length = 0;
      video.playbackRate = rate;
      await video.play();
      await until(() => video.ended, 'playing', 30);
      return { seen, decoded: video.getVideoPlaybackQuality().totalVideoFrames };
    },

    // Switches and plays on until frames of that level's size are seen to advance. Nothing is being
    // fetched when it switches: hls.js would sometimes append what it has just given up.
    async level(index) {
      const { width, height } = engine.levels()[index];
      await until(loaded, 'loading');
      engine.level(index);
      await video.play();
      seen.length = 0;
      const wanted = () => seen.filter((one) => one.width === width && one.height === height);
      await until(() => wanted().length >= 3, `level ${index} of ${width}x${height}`);
      video.pause();
      return wanted();
    },

    async seek(seconds) {
      video.pause();
      seen.length = 0;
      video.currentTime = seconds;
      await until(() => !video.seeking && seen.length, `seeking to ${seconds}`);
      return seen.at(-1);
    },

    // Plays on to the end, and returns every caption that was loaded, as it is shown.
    async captions(rate) {
      const found = new Map();
      const take = () => {
        for (const track of video.textTracks) {
          if (track.mode === 'disabled') track.mode = 'hidden';
          for (const cue of track.cues ?? []) {
            const text = cue.getCueAsHTML().textContent;
            found.set(`${cue.startTime} ${text}`, { begin: cue.startTime, end: cue.endTime, text });
          }
        }
        return video.ended;
      };
      video.playbackRate = rate;
      await video.play();
      await until(take, 'captions', 30);
      return [...found.values()].sort((a, b) => a.begin - b.begin);
    },

    // Plays a track until one tone is heard for a while, and returns its frequency.
    async tone(index) {
      ears ??= listen();
      await ears.context.resume();
      engine.track(index);
      await video.play();
      const { analyser, context } = ears;
      const levels = new Float32Array(analyser.frequencyBinCount);
      const heard = [];
      await until(() => {
        analyser.getFloatFrequencyData(levels);
        const loudest = levels.indexOf(Math.max(...levels));
        heard.push(levels[loudest] > -60 ? loudest : 0);
        return heard.length >= 25 && heard.slice(-15).every((one) => one && one === heard.at(-1));
      }, `track ${index}`);
      video.pause();
      return heard.at(-1) * context.sampleRate / analyser.fftSize;
    },
  };
})();
