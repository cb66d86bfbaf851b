import { ACCUMULATION_EFFECT } from "../runs/warnings.js";
import {
  choice,
  decided,
  flag,
  group,
  number,
  numbers,
  recordedOnly,
  reference,
  text,
  wholeNumber,
  wholeNumbers,
  word,
} from "./setting.js";
import {
  ARCHITECTURES,
  DISTILLATION_KINDS,
  FILL_MODES,
  HEAD_KINDS,
  MONITORED_METRICS,
  PRECISIONS,
  PREPROCESSINGS,
  PRETRAINED_WEIGHTS,
  PRUNING_CRITERIA,
} from "./words.js";

const MAX_EPOCHS = 10_000;

/** Adam and AdamW differ only in what `weightDecay` does. */
const ADAM = {
  name: "Adam",
  about: "Settings of Adam, Kingma and Ba (2015), and of AdamW.",
  settings: {
    beta1: number({ from: 0, below: 1, default: 0.9, description: "Decay of the mean gradient." }),
    beta2: number({ from: 0, below: 1, default: 0.999, description: "Decay of the mean squared gradient." }),
    epsilon: number({
      above: 0,
      to: 1,
      default: 1e-7,
      description:
        "Constant added to the root of the mean squared gradient, which keeps the division finite.",
    }),
  },
} as const;

const INITIAL_RATE = number({ above: 0, description: "Learning rate after the warm-up." });

const WARMUP = number({
  from: 0,
  below: { setting: "epochs" },
  unit: "epochs",
  default: 0,
  description:
    "Duration of the warm-up, which may be a part of an epoch. With W = round(`warmupEpochs` * steps per epoch), the rate of " +
    "step s, counted from 0, is `initial` * (s + 1) / W for s < W; the schedule begins at step W.",
});

/**
 * Every setting of a run with its meaning, type, range, unit and default. Checks, types, the GraphQL schema, the reading
 * of stored runs, comparisons, filters and docs/settings.md are derived from this table.
 *
 * To add a scalar setting, add an entry with `since` here and read the setting where it is used; `npm run schema` then
 * writes the generated files. Runs that were stored earlier have the default, or `earlierRuns`.
 */
export const RUN_SETTINGS = group(
  { name: "RunConfiguration", description: "How a run trains." },
  {
    architecture: word(ARCHITECTURES, { default: "VGG19", description: "Architecture of the network." }),
    batchNormalization: flag({
      default: false,
      defaultByArchitecture: true,
      description: "Whether batch normalization follows every convolution.",
    }),
    widthMultiplier: number({
      above: 0,
      to: 4,
      default: 1,
      description:
        "Factor for the number of filters of every convolution: 1 is the published network, 0.25 a narrow one.",
    }),
    imageSizePixels: wholeNumber({
      // The minimum of the architectures: those of VGG halve an image five times.
      from: 32,
      to: 1024,
      unit: "pixels",
      default: 224,
      description: "Height and width that images are resized to.",
    }),
    head: group(
      { name: "Head", description: "Layers that follow the convolutions." },
      {
        kind: word(HEAD_KINDS, {
          default: "FULLY_CONNECTED",
          defaultByArchitecture: true,
          description: "Kind of the head.",
        }),
        units: wholeNumber({
          from: 1,
          to: 65_536,
          unit: "units",
          default: 4096,
          appliesWhen: [{ setting: "kind", is: ["FULLY_CONNECTED"] }],
          description: "Size of each of the two hidden layers.",
        }),
        dropout: number({
          from: 0,
          below: 1,
          fractionOf: "the activations",
          default: 0.5,
          defaultByArchitecture: true,
          description: "Dropout while training.",
        }),
      },
    ),
    preprocessing: word(PREPROCESSINGS, {
      default: "SCALE_0_1",
      defaultByPretrainedWeights: true,
      description: "Scaling of an image's values before the first layer.",
    }),
    optimizer: choice(
      {
        name: "Optimizer",
        default: { adam: {} },
        description: "Rule by which gradients change the weights.",
      },
      {
        adam: { ...ADAM, description: "Adam." },
        adamW: {
          ...ADAM,
          description:
            "AdamW, Loshchilov and Hutter (2019): Adam that subtracts `weightDecay` from the weights themselves, not by " +
            "way of the gradient.",
        },
        sgd: {
          name: "Sgd",
          description: "Stochastic gradient descent with momentum.",
          settings: {
            momentum: number({
              from: 0,
              below: 1,
              default: 0.9,
              description: "Decay of the velocity; 0 is descent without momentum.",
            }),
            nesterov: flag({
              default: false,
              appliesWhen: [{ setting: "momentum", above: 0 }],
              description: "Whether the momentum is Nesterov's.",
            }),
          },
        },
      },
    ),
    learningRate: choice(
      {
        name: "LearningRate",
        default: { constant: { initial: 0.001 } },
        description: "Learning rate over the epochs.",
      },
      {
        constant: {
          name: "ConstantRate",
          description: "One rate for all epochs.",
          settings: { initial: INITIAL_RATE, warmupEpochs: WARMUP },
        },
        cosine: {
          name: "Cosine",
          description:
            "A rate that falls along half a cosine, Loshchilov and Hutter (2017), without restarts.",
          settings: {
            initial: INITIAL_RATE,
            minimum: number({
              from: 0,
              to: { setting: "initial" },
              default: 0,
              description: "Learning rate at the end of the last epoch.",
            }),
            warmupEpochs: WARMUP,
          },
        },
        exponentialDecay: {
          name: "ExponentialDecay",
          description:
            "A rate that falls by the same factor in equal times: `initial` * `decayRate` ^ (epochs / `decayEpochs`), " +
            "where epochs count from the end of the warm-up.",
          settings: {
            initial: INITIAL_RATE,
            decayEpochs: number({
              above: 0,
              unit: "epochs",
              appliesWhen: [{ setting: "decayRate", below: 1 }],
              description: "Time in which the rate falls to `decayRate` times its value.",
            }),
            decayRate: number({
              above: 0,
              to: 1,
              fractionOf: "the rate",
              description: "What is left of the rate after `decayEpochs`.",
            }),
            staircase: flag({
              default: false,
              appliesWhen: [{ setting: "decayRate", below: 1 }],
              description:
                "Whether the rate falls at once at the end of every `decayEpochs`, and not a little with every step.",
            }),
            warmupEpochs: WARMUP,
          },
        },
        step: {
          name: "Step",
          description: "A rate that drops at equal intervals, which count from the end of the warm-up.",
          settings: {
            initial: INITIAL_RATE,
            dropEveryEpochs: number({
              above: 0,
              unit: "epochs",
              appliesWhen: [{ setting: "factor", below: 1 }],
              description: "Time between two drops.",
            }),
            factor: number({
              above: 0,
              to: 1,
              fractionOf: "the rate",
              default: 0.1,
              description: "What a drop leaves of the rate.",
            }),
            warmupEpochs: WARMUP,
          },
          // A step is the staircase of an exponential decay.
          recordedAs: { dropEveryEpochs: "decayEpochs", factor: "decayRate" },
          recorded: { staircase: true },
        },
      },
    ),
    batchSize: wholeNumber({
      from: 1,
      to: 4096,
      unit: "images",
      default: 32,
      description: "Size of the batch of one optimizer step, however many micro-batches it is divided into.",
    }),
    accumulationSteps: wholeNumber({
      from: 1,
      to: { setting: "batchSize" },
      unit: "micro-batches",
      default: 1,
      description:
        "Micro-batches that a batch is divided into, whose gradients are added up before the weights change: less " +
        `memory for the same step. ${ACCUMULATION_EFFECT}`,
    }),
    epochs: wholeNumber({
      from: 1,
      to: MAX_EPOCHS,
      unit: "epochs",
      default: 10,
      description: "Passes through the training images, unless the run stops early.",
    }),
    precision: word(PRECISIONS, {
      default: "AUTO",
      derived: "What AUTO became on the machine is in `Run.environment`.",
      description: "Floating-point format to compute in.",
    }),
    earlyStopping: group(
      {
        name: "EarlyStopping",
        whenNull: "that the run trains all its epochs",
        description: "When a run stops before its last epoch.",
      },
      {
        patience: wholeNumber({
          from: 1,
          to: MAX_EPOCHS,
          unit: "epochs",
          description: "Epochs without an improvement of the monitored metric after which the run stops.",
        }),
        minDelta: number({
          from: 0,
          default: 0,
          description:
            "Minimum change of the monitored metric that counts as an improvement. A change of exactly `minDelta` counts: " +
            "the comparison tolerates a rounding error of 4 * 2^-52 times the larger of the two values. The best " +
            "checkpoint is replaced by every improvement, however small.",
        }),
      },
    ),
    monitor: word(MONITORED_METRICS, {
      default: "VALIDATION_TOP1",
      description:
        "Metric that selects the best checkpoint and decides about early stopping. VALIDATION_TOP5 takes six classes or " +
        "more: with fewer, every epoch has the same value.",
    }),
    seed: wholeNumber({
      from: 0,
      // The maximum of GraphQL's Int.
      to: 2 ** 31 - 1,
      default: 0,
      description:
        "Seed of the initial weights, the order of images, their augmentation and dropout: equal seeds repeat a run.",
    }),
    initialization: decided(
      {
        name: "Initialization",
        undecided: { kind: "random" },
        whenNull: "random weights",
        derived:
          "In the last layer each class takes the weights of the class of the same name, where the source names its " +
          "classes; new classes, and layers of the head that do not fit, start at random. `Run.initialization` reports it.",
        description:
          "Weights that training starts from; the network must have the same shape. A run that starts from a pruned model " +
          "version has its layer widths.",
      },
      {
        given: {
          modelVersion: text({
            description: 'A version of a model: "flowers:3", or by its alias "flowers@champion".',
          }),
          uploadId: reference({
            description:
              "An uploaded file of weights, recognized by its content: Keras `.h5`, `.weights.h5` or `.keras`, " +
              "safetensors, or a PyTorch `.pth` with the names of torchvision or timm.",
          }),
          pretrained: word(PRETRAINED_WEIGHTS, {
            description: "Published weights of the architecture, which must have its published width.",
          }),
        },
        recorded: {
          variants: {
            random: {},
            modelVersion: {
              modelVersionId: reference({ description: "The version whose weights it starts from." }),
            },
            weights: { sha256: text({ description: "Hexadecimal SHA-256 of the imported file." }) },
            pretrained: { file: text({ since: "0.1", description: "Name of the published file." }) },
          },
        },
      },
    ),
    pruning: group(
      {
        name: "Pruning",
        since: "0.1",
        whenNull: "that no channels are removed",
        description:
          "A smaller network to start from: a model version without its least important channels, which the run fine-tunes.",
      },
      {
        from: text({
          description:
            'The version to prune, such as "flowers:3" or "flowers@champion". The run must have its architecture, batch ' +
            "normalization, width and kind of head, and starts from its weights by the rules of `initialization`, which " +
            "cannot be given too.",
          derived: "Recorded with the number of the version, so that a moved alias does not change the run.",
        }),
        channels: number({
          above: 0,
          below: 1,
          fractionOf: "all filters of convolutions",
          description:
            "How many are removed, as closely as `minimumChannels` and `multipleOf` allow. Hidden layers of the head keep " +
            "their units.",
        }),
        criterion: word(PRUNING_CRITERIA, {
          default: "TAYLOR",
          description: "How channels are ranked, across the whole network.",
        }),
        minimumChannels: wholeNumber({
          from: 1,
          to: 4096,
          unit: "channels",
          default: 8,
          description: "Channels that every convolution keeps, if it has as many.",
        }),
        multipleOf: wholeNumber({
          from: 1,
          to: 256,
          unit: "channels",
          default: 16,
          description:
            "The width of a convolution that loses channels becomes a multiple of it, which processors compute faster.",
        }),
        keepsWeights: flag({
          default: true,
          description:
            "Whether the network starts from the weights that are left. `false` draws them at random: the control that tells " +
            "what the shape alone is worth.",
        }),
      },
    ),
    importedNormalizationEpsilon: number({
      above: 0,
      to: 1,
      since: "0.1",
      whenNull:
        "the epsilon that the file states, or else the default of the program that wrote it: 0.001 of Keras, 0.00001 of PyTorch",
      description:
        "Epsilon of the batch normalizations of an imported file that does not state it, as `.weights.h5`, `.pth` and " +
        "safetensors do not.",
    }),
    frozenBlocks: wholeNumber({
      from: 0,
      unit: "stages",
      default: 0,
      description:
        "Number of stages, from the first one, that keep their weights; freezing all of them trains the head alone. The " +
        "stages of VGG are its five blocks; those of a ResNet are its stem and four groups of residual blocks. Without " +
        "augmentation their features are computed once and cached, which makes later epochs fast.",
    }),
    augmentation: group(
      {
        name: "Augmentation",
        description:
          "Random changes of training images, drawn anew for every image and epoch. Each amount is a maximum; 0 changes " +
          "nothing. Images of the other splits are never changed.",
      },
      {
        horizontalFlip: flag({
          default: false,
          description: "Whether half of the images are mirrored left to right.",
        }),
        verticalFlip: flag({
          default: false,
          description: "Whether half of the images are mirrored top to bottom.",
        }),
        rotationDegrees: number({
          from: 0,
          to: 180,
          unit: "degrees",
          default: 0,
          description: "Maximum rotation in either direction.",
        }),
        widthShift: number({
          from: 0,
          to: 1,
          fractionOf: "the width",
          default: 0,
          description: "Maximum shift to the left or right.",
        }),
        heightShift: number({
          from: 0,
          to: 1,
          fractionOf: "the height",
          default: 0,
          description: "Maximum shift up or down.",
        }),
        zoom: number({
          from: 0,
          // A factor of 0 would leave nothing of the image.
          below: 1,
          fractionOf: "the side",
          default: 0,
          description:
            "Maximum change of the visible section: its side is 1 - zoom to 1 + zoom times the image's.",
        }),
        brightness: number({
          from: 0,
          to: 1,
          fractionOf: "white",
          default: 0,
          description: "Maximum that is added to or subtracted from every value.",
        }),
        contrast: number({
          from: 0,
          to: 1,
          default: 0,
          description:
            "Maximum deviation from 1 of the factor that multiplies the distance of values from their mean.",
        }),
        fillMode: word(FILL_MODES, {
          default: "REFLECT",
          appliesWhen: ["rotationDegrees", "widthShift", "heightShift", "zoom"].map((setting) => ({
            setting,
            above: 0,
          })),
          description: "How the area beyond the edge of a moved image is filled.",
        }),
      },
    ),
    weightDecay: number({
      from: 0,
      default: 0,
      description:
        "Decay of the weights of convolutions and dense layers towards 0, never of biases or normalization. As in " +
        "PyTorch, AdamW subtracts rate * decay * weight from the weight; Adam and SGD add decay * weight to the gradient.",
    }),
    sparsity: number({
      from: 0,
      default: 0,
      since: "0.1",
      description:
        "Strength of sparse training, Liu et al. (2017): the penalty on the sum of the absolute scales (gamma) of all batch " +
        "normalizations that learn. It adds sparsity * sign(gamma) to the gradient of every scale after clipping, so that " +
        "scales of channels of little use approach 0 and `pruning` can remove them. Usual values are 0.00001 to 0.001. As " +
        "with `weightDecay`, reported losses leave the penalty out.",
    }),
    gradientClipNorm: number({
      above: 0,
      whenNull: "that gradients are not clipped",
      description: "Maximum norm of all gradients together.",
    }),
    labelSmoothing: number({
      from: 0,
      below: 1,
      fractionOf: "the probability",
      default: 0,
      changesLoss: true,
      description: "Target probability that training spreads evenly over all classes.",
    }),
    classWeights: decided(
      {
        name: "ClassWeights",
        undecided: null,
        whenNull: "that every image counts the same",
        description: "How much an image of each class counts in the training loss, never in evaluation.",
      },
      {
        given: {
          balanced: flag({
            description:
              "`true`: all classes count the same in total, so images of rare classes count more: images / (classes * " +
              "images of the class), of the training split. `false`: every image counts the same.",
          }),
          weights: numbers({
            above: 0,
            description:
              "One weight for each class of the dataset, in the order of `DatasetVersion.classes`.",
          }),
        },
        recorded: {
          balanced: flag({ description: "Whether the weights were derived from the training split." }),
          weights: numbers({
            above: 0,
            changesLoss: true,
            description: "One weight for each class, in the order of `DatasetVersion.classes`.",
          }),
        },
      },
    ),
    distillation: group(
      {
        name: "Distillation",
        since: "0.1",
        whenNull: "that the run learns from the labels alone",
        description:
          "Learning from the outputs of another network, the teacher, beside the labels. The loss of an image is " +
          "(1 - `weight`) * cross-entropy of its label + `weight` * `temperature`^2 * distance of the outputs. Label " +
          "smoothing and class weights change the first part alone.",
      },
      {
        teacher: text({
          changesLoss: true,
          description:
            'The version of a model to learn from, such as "flowers:3" or "flowers@champion", of any architecture, width, ' +
            "image size and preprocessing.",
          derived:
            "It must know the classes of the dataset and no others, in any order. Recorded with the number of the version, " +
            "so a moved alias does not change the run.",
        }),
        kind: word(DISTILLATION_KINDS, {
          default: "KNOWLEDGE",
          changesLoss: true,
          description: "How outputs are compared.",
        }),
        temperature: number({
          from: 0.1,
          to: 100,
          default: 4,
          changesLoss: true,
          description:
            "Divisor of the logits of both networks: the higher, the more the improbable classes count.",
        }),
        weight: number({
          above: 0,
          to: 1,
          default: 0.9,
          // Zhao et al. add both parts with equal weights.
          defaultsByKind: { DECOUPLED: 0.5 },
          changesLoss: true,
          description: "Weight of the teacher's outputs against that of the labels.",
        }),
        beta: number({
          from: 0,
          to: 1000,
          default: 8,
          appliesWhen: [{ setting: "kind", is: ["DECOUPLED"] }],
          changesLoss: true,
          description:
            "Weight of the divergence among the classes other than the label; that of the label's probability has 1. The " +
            "more certain the teacher, the higher it should be.",
        }),
      },
    ),
    checkpointEveryMinutes: number({
      from: 0.01,
      to: 1440,
      unit: "minutes",
      whenNull: "a checkpoint only at the end of each epoch",
      description:
        "Time between checkpoints inside an epoch, in addition to the checkpoint at its end. A crash loses at most the " +
        "training since the last checkpoint, so set it when epochs are long.",
    }),
    extendedAfterEpochs: recordedOnly(
      wholeNumbers({
        from: 0,
        description:
          "Epochs after which the run had ended and was extended with `extendRun`, in ascending order; empty if it never " +
          "was. Patience counts anew after each of them, and schedules follow the new `epochs` from there on.",
      }),
      [],
    ),
  },
);
