#pragma once

namespace basin::worker::train {

// Loss and accuracy on the validation and the test part.
struct PartScores {
  double validation_loss, validation_accuracy, test_loss, test_accuracy;
};

}  // namespace basin::worker::train
