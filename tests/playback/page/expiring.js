'use strict';
// A player whose addresses may end while it is paused: docs/api.md has the same few lines. Tests
// give it `ask`, which asks the API for addresses.

const player = (() => {
  const video = document.getElementById('video');
  const refusals = [];
  const errors = [];
  const times = [];
  let token, run;
  let asking = false;

  const hls = new Hls({
    // Whatever was read before, of the same run: it is asked for by the newest token.
    xhrSetup: (xhr, url) => xhr.open('GET', url.replace(/(\/v1\/media\/)[^/]+/, `$1${token}`), true),
    // Little is fetched ahead, so that something is left to fetch after the pause.
    maxBufferLength: 1,
    maxMaxBufferLength: 1,
    startLevel: 0,
  });

  const load = async () => {
    const playback = await ask();
    token = playback.addresses.hls.match(/\/v1\/media\/([^/]+)/)?.[1];
    if (playback.run_id === run) return hls.startLoad();
    // Another package: from where we are.
    run = playback.run_id;
    hls.config.startPosition = video.currentTime;
    hls.loadSource(playback.addresses.hls);
  };

  hls.on(Hls.Events.ERROR, async (_, data) => {
    const status = data.response?.code;
    if (![404, 410].includes(status)) {
      if (data.fatal) errors.push(`${data.details} ${status}`);
      return;
    }
    refusals.push(status);
    if (asking) return;
    asking = true;
    await load();
    asking = false;
  });

  const until = async (done, what, seconds = 20) => {
    const end = performance.now() + seconds * 1000;
    while (!done()) {
      if (errors.length || performance.now() > end) {
        throw new Error(`${what}: at ${video.currentTime} of ${video.duration}, ${errors}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  const watch = () => video.requestVideoFrameCallback((_, { mediaTime }) => {
    times.push(mediaTime);
    watch();
  });

  return {
    async begin(seconds) {
      hls.attachMedia(video);
      await load();
      watch();
      await video.play();
      await until(() => video.currentTime > seconds, 'beginning');
      video.pause();
      return video.currentTime;
    },

    async goOn() {
      const before = times.length;
      video.playbackRate = 2;
      await video.play();
      await until(() => video.ended, 'going on');
      return { refusals, errors, first: times.slice(0, before), then: times.slice(before) };
    },
  };
})();
