//! What only a rare path asks for, which is not walked here: each with the code that would ask.

/// Something that a function may do and is not seen doing.
#[derive(Debug, Clone, Copy)]
pub struct Rare {
    /// The function.
    pub function: &'static str,
    /// What it may do, as [`super::Grant::title`] has it.
    pub grant: &'static str,
    /// When it does.
    pub when: &'static str,
    /// The file in which it would.
    pub file: &'static str,
    /// What stands there.
    pub text: &'static str,
}

/// All of them.
pub const RARE: [Rare; 4] = [
    polled("sqs:ReceiveMessage"),
    polled("sqs:DeleteMessage"),
    polled("sqs:GetQueueAttributes"),
    Rare {
        function: "associations",
        grant: "dynamodb:DeleteItem DEVO#*",
        when: "a push is approved to a device that began to install an image and fell silent",
        file: "shared/src/usecases/pushes.rs",
        text: "after.reset(",
    },
];

/// What Lambda asks of the queue in the reconciler's name.
const fn polled(grant: &'static str) -> Rare {
    Rare {
        function: "reconciler",
        grant,
        when: "Lambda itself polls the queue, with the function's role; our code is called with what it finds",
        file: "infra/functions.yaml",
        text: "Type: AWS::Lambda::EventSourceMapping",
    }
}
