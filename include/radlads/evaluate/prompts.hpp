// SPDX-License-Identifier: Apache-2.0
#pragma once
// Beginnings of texts for models to go on with.

#include <array>
#include <string_view>

namespace radlads::evaluate {

inline constexpr std::array<std::string_view, 20> prompts{
    "The history of the bicycle begins",
    "Once upon a time, in a village by the sea,",
    "To make a good cup of coffee, first",
    "The most important thing about learning a language is",
    "In 1969, the first people who landed on the Moon",
    "Dear Anna,\n\nThank you for your letter.",
    "The difference between weather and climate is",
    "Photosynthesis is the process by which",
    "My grandfather used to say that",
    "There are three reasons why cities grow:",
    "The river rises in the mountains and",
    "When the train finally arrived, nobody",
    "A computer program is a list of instructions that",
    "The recipe is simple. You need",
    "Scientists have long wondered why birds",
    "Music and mathematics have more in common than",
    "The old house at the end of the street",
    "If you want to grow tomatoes,",
    "During the winter, many animals",
    "The company announced on Monday that"};

}  // namespace radlads::evaluate
