//! The fleet: whose moment has come, what they ask, and what they hear. Requests of one moment go side by side.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::clock::{Moment, SECOND};
use crate::device::{Act, Device, Heard, Saying};
use crate::factory::Factory;
use crate::fates::{Fate, Traits};
use crate::line::{Ask, Line, Reply};
use crate::tally::Tally;

/// The firmware type that devices have.
pub(crate) const TYPE: u16 = 105;
/// The attribute that reports it.
pub(crate) const ATTRIBUTE: &str = "2105";
/// How many requests are under way at a time.
const LINES: usize = 8;

/// Of which devices a fleet is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Make {
    pub(crate) devices: usize,
    pub(crate) runs: u64,
    pub(crate) traits: Traits,
    pub(crate) seed: u64,
}

/// A fleet and its lines to the service.
#[derive(Debug)]
pub(crate) struct Fleet {
    device_type: String,
    devices: Vec<Device>,
    due: BinaryHeap<Reverse<(Moment, usize)>>,
    fates: BTreeMap<u64, Fate>,
    lines: Vec<Line>,
    /// What happened so far.
    pub(crate) tally: Tally,
}

/// One request of a device.
struct Turn {
    device: usize,
    ask: Ask,
    /// Whether the reply gets lost.
    lost: bool,
}

impl Fleet {
    /// Makes the devices and gives each a first moment from 0 on.
    pub(crate) fn made(
        authority: &str,
        device_type: &str,
        factory: &Factory,
        make: Make,
    ) -> anyhow::Result<Self> {
        let mut due = BinaryHeap::with_capacity(make.devices);
        let mut devices = Vec::with_capacity(make.devices);
        for (index, seed) in (0..make.devices).zip(0_u64..) {
            let id = format!("SN-{index:06}");
            let token = factory.token(&id)?;
            // Neighbouring seeds make neighbouring chances.
            let seed =
                fastrand::Rng::with_seed(make.seed.wrapping_add(seed.wrapping_mul(0x9e37_79b9))).u64(..);
            let mut device = Device::made(id, token, make.runs, make.traits, seed);
            due.push(Reverse((device.first_moment(), index)));
            devices.push(device);
        }
        Ok(Self {
            device_type: device_type.to_owned(),
            devices,
            due,
            fates: BTreeMap::new(),
            lines: (0..LINES).map(|_| Line::to(authority)).collect(),
            tally: Tally::default(),
        })
    }

    /// Says what an image does to those who install it.
    pub(crate) fn set_fate(&mut self, number: u64, fate: Fate) {
        self.fates.insert(number, fate);
    }

    /// How many devices there ever were.
    pub(crate) fn size(&self) -> usize {
        self.devices.len()
    }

    /// How many living devices run `number`.
    pub(crate) fn running(&self, number: u64) -> usize {
        self.devices.iter().filter(|device| device.is_alive() && device.runs() == number).count()
    }

    /// How many devices will say a word again.
    pub(crate) fn alive(&self) -> usize {
        self.devices.iter().filter(|device| device.is_alive()).count()
    }

    /// Lets everyone act whose moment has come by `now`.
    pub(crate) async fn pass(&mut self, now: Moment) -> anyhow::Result<()> {
        let mut turns = Vec::new();
        while let Some(Reverse((moment, index))) = self.due.peek().copied().filter(|due| due.0.0 <= now) {
            self.due.pop();
            let fates = &self.fates;
            let device = &mut self.devices[index];
            let fate = |number| fates.get(&number).copied().unwrap_or(Fate { fails: 0, dies: 0 });
            let (happened, act) = device.acts(fate);
            match act {
                Act::Say(saying) => {
                    let lost = device.loses();
                    turns.push(Turn { device: index, ask: asked(&self.device_type, device, saying), lost });
                }
                Act::Wait(wait) => self.due.push(Reverse((moment.max(now) + wait.max(SECOND), index))),
                Act::Dies => {}
            }
            self.tally.add(happened);
        }
        for (index, reply) in self.speak(turns).await? {
            let heard = self.understood(reply.as_ref());
            let (happened, wait) = self.devices[index].hears(heard);
            self.tally.add(happened);
            self.due.push(Reverse((now + wait, index)));
        }
        Ok(())
    }

    /// Sends all of it, over as many lines as there are.
    async fn speak(&mut self, turns: Vec<Turn>) -> anyhow::Result<Vec<(usize, Option<Reply>)>> {
        let queue = Arc::new(Mutex::new(turns.into_iter()));
        let mut speaking = JoinSet::new();
        for mut line in self.lines.drain(..) {
            let queue = Arc::clone(&queue);
            speaking.spawn(async move {
                let mut heard = Vec::new();
                let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some(turn) = next() {
                    let reply = if turn.lost {
                        line.ask_in_vain(&turn.ask).await.map(|()| None)
                    } else {
                        line.ask(&turn.ask).await.map(Some)
                    };
                    heard.push((turn.device, reply?));
                }
                anyhow::Ok((line, heard))
            });
        }
        let mut all = Vec::new();
        while let Some(spoken) = speaking.join_next().await {
            let (line, heard) = spoken??;
            self.lines.push(line);
            all.extend(heard);
        }
        // So that chance, which is each device's own, is all that tells one run from another.
        all.sort_unstable_by_key(|(device, _)| *device);
        Ok(all)
    }

    fn understood(&mut self, reply: Option<&Reply>) -> Heard {
        self.tally.asked += 1;
        let Some(reply) = reply else {
            self.tally.lost += 1;
            return Heard::Nothing;
        };
        match reply.status {
            200 => check(reply),
            204 => Heard::Taken,
            409 if reply.json()["code"] == "update_withdrawn" => Heard::Withdrawn,
            other => {
                *self.tally.refused.entry(other).or_default() += 1;
                Heard::Refused
            }
        }
    }
}

fn asked(device_type: &str, device: &Device, saying: Saying) -> Ask {
    let (last, body) = match saying {
        Saying::Runs(number) => ("attributes", json!({"attributes": {ATTRIBUTE: number.to_string()}})),
        Saying::State(number, state) => {
            let body = json!({"type": TYPE, "versionNumber": number.to_string(), "state": state});
            ("status", body)
        }
    };
    Ask {
        method: Method::POST,
        path: format!("/v1/ota/deviceTypes/{device_type}/devices/{}/{last}", device.id),
        bearer: Some(device.token.clone()),
        body,
    }
}

fn check(reply: &Reply) -> Heard {
    let answer = reply.json();
    let Some(next_poll) = answer["nextPollSeconds"].as_i64() else { return Heard::Refused };
    let updates = answer["updates"].as_array().map(Vec::as_slice).unwrap_or_default();
    let offer = updates.iter().find(|update| update["type"] == TYPE);
    let offer = offer.and_then(|offer| offer["versionNumber"].as_str()?.parse().ok());
    Heard::Check { offer, next_poll: next_poll * SECOND }
}
